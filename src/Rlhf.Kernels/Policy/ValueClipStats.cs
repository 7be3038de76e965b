using System.Numerics;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>Sums over the counted positions of a value-loss call: a view [<see cref="Length"/>] of f32, read on demand.</summary>
public readonly record struct ValueClipStats(double Loss, double Count, double Clipped, double ValueSum, double SquaredError)
    : IAdditionOperators<ValueClipStats, ValueClipStats, ValueClipStats>, IAdditiveIdentity<ValueClipStats, ValueClipStats>
{
    /// <summary>Elements of the statistics view.</summary>
    public const int Length = 5;

    /// <summary>Share of counted positions whose clipped branch was the larger loss.</summary>
    public double ClipFraction => Count > 0 ? Clipped / Count : 0;

    /// <summary>Mean value.</summary>
    public double ValueMean => Count > 0 ? ValueSum / Count : 0;

    /// <summary>Nothing counted.</summary>
    public static ValueClipStats AdditiveIdentity => default;

    /// <summary>Statistics of two micro-batches together.</summary>
    public static ValueClipStats operator +(ValueClipStats left, ValueClipStats right) => new(
        left.Loss + right.Loss,
        left.Count + right.Count,
        left.Clipped + right.Clipped,
        left.ValueSum + right.ValueSum,
        left.SquaredError + right.SquaredError);

    /// <summary>The statistics that a kernel wrote to <paramref name="view"/> [<see cref="Length"/>].</summary>
    public static ValueClipStats Read(ReadOnlyView<float> view)
    {
        Require.Shape(view, Length, 1);
        return new ValueClipStats(view[0], view[1], view[2], view[3], view[4]);
    }

    internal void Write(View<float> view)
    {
        view[0] = (float)Loss;
        view[1] = (float)Count;
        view[2] = (float)Clipped;
        view[3] = (float)ValueSum;
        view[4] = (float)SquaredError;
    }
}
