using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>LinearLogprobsMmaParams of kernels/sequence/linear_logprobs_mma.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearLogprobsMmaParams
{
    public DeviceView Hidden;
    public DeviceView Weight;
    public DeviceView Bias;
    public DeviceView Targets;
    public nint Partials;
    public int Rows;
    public int Vocab;
    public int HiddenSize;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
