using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>KlShapedRewardsParams of kernels/sequence/kl_shaped_rewards.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KlShapedRewardsParams
{
    public DeviceView Logprobs;
    public DeviceView RefLogprobs;
    public DeviceView Lengths;
    public DeviceView Scores;
    public DeviceView HasEos;
    public DeviceView Rewards;
    public DeviceView Kl;
    public DeviceView FinalScores;
    public nint Error;
    public ElementGrid Elements;
    public int Estimator;
    public int ScoreAfterLast;
    public int ReplaceMissingEos;
    public float MissingEosPenalty;
    public float KlCoef;
}
