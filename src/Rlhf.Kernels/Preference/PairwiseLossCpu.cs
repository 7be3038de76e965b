using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Preference;

/// <summary>The CPU body of <see cref="PairwiseLossArgs"/>.</summary>
internal static unsafe class PairwiseLossCpu
{
    public static void Run(SimdRunner runner, in PairwiseLossArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(
            args.Chosen.Rows,
            args.Chosen.Cols,
            dense: args.Chosen.IsContiguous && args.Rejected.IsContiguous && args.Margins.IsContiguous && args.Labels.IsContiguous
                && args.GradChosen.IsContiguous && args.GradRejected.IsContiguous);
        ElementSum<Kernel, PreferenceStats>.Run(runner, grid, new Kernel { Args = args }).Write(args.Stats);
    }

    private struct Kernel : IElementKernel<PreferenceStats>
    {
        public PairwiseLossArgs Args;

        public readonly PreferenceStats Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Args)
            {
                Chosen = grid.Row(Args.Chosen, row),
                Rejected = grid.Row(Args.Rejected, row),
                Margins = grid.Row(Args.Margins, row),
                Labels = grid.Row(Args.Labels, row),
                GradChosen = grid.Row<float>(Args.GradChosen, row),
                GradRejected = grid.Row<float>(Args.GradRejected, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return step.Sums.Total(1.0 / Args.Normalizer);
        }
    }

    private struct Step<TV>(in PairwiseLossArgs args) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Chosen, Rejected, Margins, Labels, GradChosen, GradRejected;
        public PreferenceSums<TV> Sums = new();
        private readonly PreferenceStep<TV> _preference = new(args.Noise);
        private readonly TV _centering = TV.Broadcast(args.Centering), _weight = TV.Broadcast(1f / args.Normalizer);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);
            TV counted = TExtent.Mask<TV>(null, index, rest);
            TV chosen = TExtent.Load<TV>(Chosen, index, rest), rejected = TExtent.Load<TV>(Rejected, index, rest);
            TV margin = Margins == null ? zero : TExtent.Load<TV>(Margins, index, rest);
            TV label = Labels == null ? one : TExtent.Load<TV>(Labels, index, rest);

            TV loss = _preference.Next(chosen - rejected - margin, label, out TV grad, out _);
            TV sum = chosen + rejected, pull = _centering * sum;
            loss = TV.Fma(pull, sum, loss);
            pull += pull;
            TExtent.Store(GradChosen, index, (pull + grad) * _weight, rest);
            TExtent.Store(GradRejected, index, (pull - grad) * _weight, rest);
            Sums.AddPairs(loss, chosen, rejected, label, counted);
            Sums.AddRewards(chosen, counted);
            Sums.AddRewards(rejected, counted);
        }
    }
}
