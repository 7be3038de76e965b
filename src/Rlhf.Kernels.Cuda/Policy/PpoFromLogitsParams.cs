using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>PpoFromLogitsParams of kernels/policy/ppo_row.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PpoFromLogitsParams
{
    public DeviceView Logits;
    public DeviceView Targets;
    public DeviceView OldLogprobs;
    public DeviceView Advantages;
    public DeviceView Mask;
    public DeviceView Weights;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public DeviceView GradLogits;
    public DeviceView Stats;
    public GridPartials Grid;
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
    public float ClipLow;
    public float ClipHigh;
    public float DualClip;
    public float LogRatioLimit;
    public float EntropyCoef;
    public float Normalizer;
}
