using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>LinearPpoStatsParams of kernels/policy/linear_ppo_stats.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearPpoStatsParams
{
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public DeviceView OldLogprobs;
    public DeviceView Advantages;
    public DeviceView Weights;
    public DeviceView Mask;
    public DeviceView Stats;
    public GridPartials Grid;
    public int Rows;
    public float ClipLow;
    public float ClipHigh;
    public float DualClip;
    public float LogRatioLimit;
    public float EntropyCoef;
    public float Normalizer;
}
