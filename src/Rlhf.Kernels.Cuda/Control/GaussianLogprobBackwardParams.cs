using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>GaussianLogprobBackwardParams of kernels/control/gaussian_logprob_backward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GaussianLogprobBackwardParams
{
    public DeviceView Means;
    public DeviceView LogStds;
    public DeviceView Actions;
    public DeviceView GradLogprobs;
    public DeviceView GradEntropy;
    public DeviceView GradMeans;
    public DeviceView GradLogStds;
    public GridPartials Partials;
    public int Rows;
    public int Cols;
    public int BlockRows;
    public int Summed;
}
