using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sampling;

/// <summary>CategoricalParams of kernels/sampling/categorical.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CategoricalParams
{
    public DeviceView Logits;
    public DeviceView Sequences;
    public DeviceView Positions;
    public DeviceView Tokens;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public ulong Seed;
    public int Rows;
    public int Vocab;
    public int Greedy;
    public int TopK;
    public int TruncatedLogprobs;
    public float TopP;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
