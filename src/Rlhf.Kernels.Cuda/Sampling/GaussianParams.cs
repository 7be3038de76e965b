using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sampling;

/// <summary>GaussianParams of kernels/sampling/gaussian.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GaussianParams
{
    public DeviceView Means;
    public DeviceView LogStds;
    public DeviceView Sequences;
    public DeviceView Steps;
    public DeviceView Actions;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public ulong Seed;
    public int Rows;
    public int Cols;
    public int Lanes;
}
