using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>LinearLogprobsMergeParams of kernels/sequence/linear_logprobs_merge.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearLogprobsMergeParams
{
    public nint Partials;
    public DeviceView Targets;
    public DeviceView Mask;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public nint Error;
    public long FirstRow;
    public int Rows;
    public int Vocab;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
