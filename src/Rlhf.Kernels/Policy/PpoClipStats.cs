using System.Numerics;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// What a policy-loss kernel writes beside the gradient, as sums over the counted tokens of the call, so that micro-batches
/// add up: a view [<see cref="Length"/>] of f32 on the device, read on demand through this type.
/// </summary>
public readonly record struct PpoClipStats(
    double Loss, double Count, double Clipped, double DualClipped, double ApproxKl, double Kl, double RatioSum, double RatioMax, double Entropy)
    : IAdditionOperators<PpoClipStats, PpoClipStats, PpoClipStats>, IAdditiveIdentity<PpoClipStats, PpoClipStats>
{
    /// <summary>Elements of the statistics view.</summary>
    public const int Length = 9;

    /// <summary>Share of counted tokens whose clipped branch was the larger loss.</summary>
    public double ClipFraction => Mean(Clipped);

    /// <summary>Share of counted tokens at the dual clip.</summary>
    public double DualClipFraction => Mean(DualClipped);

    /// <summary>Mean of ½ (new − old)² (lm-human-preferences' approxkl).</summary>
    public double ApproxKlMean => Mean(ApproxKl);

    /// <summary>Mean of old − new (verl's ppo_kl).</summary>
    public double KlMean => Mean(Kl);

    /// <summary>Mean ratio.</summary>
    public double RatioMean => Mean(RatioSum);

    /// <summary>Mean entropy, where the kernel sees logits; 0 otherwise.</summary>
    public double EntropyMean => Mean(Entropy);

    /// <summary>Nothing counted.</summary>
    public static PpoClipStats AdditiveIdentity => default;

    /// <summary>Statistics of two micro-batches together.</summary>
    public static PpoClipStats operator +(PpoClipStats left, PpoClipStats right) => new(
        left.Loss + right.Loss,
        left.Count + right.Count,
        left.Clipped + right.Clipped,
        left.DualClipped + right.DualClipped,
        left.ApproxKl + right.ApproxKl,
        left.Kl + right.Kl,
        left.RatioSum + right.RatioSum,
        Math.Max(left.RatioMax, right.RatioMax),
        left.Entropy + right.Entropy);

    /// <summary>The statistics that a kernel wrote to <paramref name="view"/> [<see cref="Length"/>].</summary>
    public static PpoClipStats Read(ReadOnlyView<float> view)
    {
        Require.Shape(view, Length, 1);
        return new PpoClipStats(view[0], view[1], view[2], view[3], view[4], view[5], view[6], view[7], view[8]);
    }

    internal void Write(View<float> view)
    {
        view[0] = (float)Loss;
        view[1] = (float)Count;
        view[2] = (float)Clipped;
        view[3] = (float)DualClipped;
        view[4] = (float)ApproxKl;
        view[5] = (float)Kl;
        view[6] = (float)RatioSum;
        view[7] = (float)RatioMax;
        view[8] = (float)Entropy;
    }

    private double Mean(double sum) => Count > 0 ? sum / Count : 0;
}
