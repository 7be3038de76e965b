using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>GaussianLogprobForwardParams of kernels/control/gaussian_logprob_forward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GaussianLogprobForwardParams
{
    public DeviceView Means;
    public DeviceView LogStds;
    public DeviceView Actions;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public int Rows;
    public int Cols;
    public int Lanes;
}
