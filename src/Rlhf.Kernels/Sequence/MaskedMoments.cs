using System.Numerics;
using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>Count, mean and variance of the counted elements, as <see cref="MaskedMeanArgs"/> and <see cref="WhitenArgs"/> need them.</summary>
internal readonly unsafe struct MaskedMoments(double count, double mean, double variance)
{
    public double Count { get; } = count;

    public double Mean { get; } = mean;

    public double Variance { get; } = variance;

    public static MaskedMoments Of(SimdRunner runner, ReadOnlyView<float> values, ReadOnlyView<byte> mask, bool unbiased)
    {
        var grid = ElementGrid.Create(values.Rows, values.Cols, dense: values.IsContiguous && mask.IsContiguous);
        Sums plain = ElementSum<Kernel, Sums>.Run(runner, grid, new Kernel { Values = values, Mask = mask });
        if (plain.Count == 0)
        {
            return default;
        }

        // Deviations from the rounded mean, and what the rounding costs taken off: Σ(x − m)² = Σ(x − mean)² + n (mean − m)².
        double mean = plain.Sum / plain.Count;
        float shift = (float)mean;
        Sums deviations = ElementSum<Kernel, Sums>.Run(
            runner, grid, new Kernel { Values = values, Mask = mask, Shift = shift, Square = true });
        double rounding = mean - shift;
        double squares = Math.Max(0, deviations.Sum - (plain.Count * rounding * rounding));
        double divisor = unbiased ? plain.Count - 1 : plain.Count;
        return new MaskedMoments(plain.Count, mean, divisor > 0 ? squares / divisor : 0);
    }

    private readonly struct Sums(double count, double sum) : IAdditionOperators<Sums, Sums, Sums>, IAdditiveIdentity<Sums, Sums>
    {
        public static Sums AdditiveIdentity => default;

        public double Count { get; } = count;

        public double Sum { get; } = sum;

        public static Sums operator +(Sums left, Sums right) => new(left.Count + right.Count, left.Sum + right.Sum);
    }

    private struct Kernel : IElementKernel<Sums>
    {
        public ReadOnlyView<float> Values;
        public ReadOnlyView<byte> Mask;
        public float Shift;
        public bool Square;

        public readonly Sums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Shift, Square) { Values = grid.Row(Values, row), Mask = grid.Row(Mask, row) };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return step.Total;
        }
    }

    private struct Step<TV>(float shift, bool square) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Values;
        public byte* Mask;
        private readonly TV _shift = TV.Broadcast(shift);
        private TV _count = TV.Broadcast(0f);
        private CompensatedSum<TV> _sum = new();

        public readonly Sums Total => new(TV.SumWide(_count), _sum.Total);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f);
            TV counted = TExtent.Mask<TV>(Mask, index, rest);
            TV x = TV.Select(counted, TExtent.Load<TV>(Values, index, rest) - _shift, zero);
            _sum.Add(square ? x * x : x);
            _count += TV.Select(counted, TV.Broadcast(1f), zero);
        }
    }
}
