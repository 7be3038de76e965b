using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>RankingLossParams of kernels/preference/ranking_loss.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RankingLossParams
{
    public DeviceView Rewards;
    public DeviceView Ranks;
    public DeviceView GroupOffsets;
    public DeviceView GradRewards;
    public DeviceView Stats;
    public GridPartials Partials;
    public nint Error;
    public int Items;
    public int Groups;
    public int WeighPairs;
    public float Noise;
    public float Normalizer;
}
