using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>TokenLogprobsBackwardParams of kernels/sequence/token_logprobs_backward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenLogprobsBackwardParams
{
    public DeviceView Logits;
    public DeviceView Targets;
    public DeviceView Mask;
    public DeviceView GradLogprobs;
    public DeviceView GradEntropy;
    public DeviceView RowMax;
    public DeviceView RowLogSum;
    public DeviceView Entropy;
    public DeviceView GradLogits;
    public nint Error;
    public int Rows;
    public int Vocab;
    public int RowInShared;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
