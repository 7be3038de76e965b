using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="ValueClipLossArgs"/>.</summary>
internal static unsafe class ValueClipLossCpu
{
    public static void Run(SimdRunner runner, in ValueClipLossArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(
            args.Values.Rows,
            args.Values.Cols,
            dense: args.RowWeights.IsEmpty && args.Values.IsContiguous && args.OldValues.IsContiguous
                && args.Returns.IsContiguous && args.Mask.IsContiguous && args.GradValues.IsContiguous);
        ElementSum<Kernel, ValueClipStats>.Run(runner, grid, new Kernel { Args = args }).Write(args.Stats);
    }

    private struct Kernel : IElementKernel<ValueClipStats>
    {
        public ValueClipLossArgs Args;

        public readonly ValueClipStats Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            float weight = (Args.RowWeights.IsEmpty ? 1f : Args.RowWeights[row]) / Args.Normalizer;
            var step = new Step<TV>(Args.ClipRange, weight)
            {
                Values = grid.Row(Args.Values, row),
                OldValues = grid.Row(Args.OldValues, row),
                Returns = grid.Row(Args.Returns, row),
                Mask = grid.Row(Args.Mask, row),
                Grad = grid.Row<float>(Args.GradValues, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return step.Total(weight);
        }
    }

    private struct Step<TV>(float clipRange, float weight) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Values, OldValues, Returns, Grad;
        public byte* Mask;
        private readonly TV _range = TV.Broadcast(clipRange), _weight = TV.Broadcast(weight);
        private TV _loss = TV.Broadcast(0f), _count = TV.Broadcast(0f), _clipped = TV.Broadcast(0f);
        private TV _value = TV.Broadcast(0f), _squaredError = TV.Broadcast(0f);

        public readonly ValueClipStats Total(float weight) => new(
            0.5 * TV.SumWide(_loss) * weight,
            TV.SumWide(_count),
            TV.SumWide(_clipped),
            TV.SumWide(_value),
            TV.SumWide(_squaredError));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);
            TV counted = TExtent.Mask<TV>(Mask, index, rest);
            TV value = TV.Select(counted, TExtent.Load<TV>(Values, index, rest), zero);
            TV oldValue = TV.Select(counted, TExtent.Load<TV>(OldValues, index, rest), zero);
            TV target = TV.Select(counted, TExtent.Load<TV>(Returns, index, rest), zero);

            // Inside the range the clipped value is the value itself: old + (value − old) would round, and count as clipped.
            TV change = value - oldValue;
            TV beyond = TV.GreaterThan(TV.Abs(change), _range);
            TV bound = TV.Select(TV.GreaterThan(change, zero), oldValue + _range, oldValue - _range);
            TV error = value - target;
            TV clippedError = TV.Select(beyond, bound - target, error);
            TV square = error * error, clippedSquare = clippedError * clippedError;
            TV clippedWins = TV.GreaterThan(clippedSquare, square);
            TExtent.Store(Grad, index, TV.Select(clippedWins, zero, error) * _weight, rest);

            _loss += TV.Select(clippedWins, clippedSquare, square);
            _count += TV.Select(counted, one, zero);
            _clipped += TV.Select(clippedWins, one, zero);
            _value += value;
            _squaredError += square;
        }
    }
}
