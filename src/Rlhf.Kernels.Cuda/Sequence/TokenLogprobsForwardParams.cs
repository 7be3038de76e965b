using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>TokenLogprobsForwardParams of kernels/sequence/token_logprobs_forward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenLogprobsForwardParams
{
    public DeviceView Logits;
    public DeviceView Targets;
    public DeviceView Mask;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public DeviceView RowMax;
    public DeviceView RowLogSum;
    public nint Error;
    public int Rows;
    public int Vocab;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
