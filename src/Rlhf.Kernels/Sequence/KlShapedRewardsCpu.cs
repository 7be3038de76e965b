using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="KlShapedRewardsArgs"/>.</summary>
internal static unsafe class KlShapedRewardsCpu
{
    public static void Run(SimdRunner runner, in KlShapedRewardsArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(args.Logprobs.Rows, args.Logprobs.Cols, dense: false);
        ElementSum<Kernel, NoSums>.Run(runner, grid, new Kernel { Args = args });
    }

    private struct Kernel : IElementKernel<NoSums>
    {
        public KlShapedRewardsArgs Args;

        public readonly NoSums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            int length = Args.Lengths[row], cols = grid.Length(row);
            var step = new Step<TV>(Args.Estimator, Args.KlCoef)
            {
                Logprobs = grid.Row(Args.Logprobs, row),
                RefLogprobs = grid.Row(Args.RefLogprobs, row),
                Rewards = grid.Row<float>(Args.Rewards, row),
                Kl = grid.Row<float>(Args.Kl, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, length);
            Clear(step.Rewards, length, cols);
            Clear(step.Kl, length, cols);

            float score = Score(row);
            int last = Math.Max(length - 1, 0);
            int slot = Args.Placement == ScorePlacement.AfterLastToken && length < cols ? length : last;
            step.Rewards[slot] += score;
            if (!Args.FinalScores.IsEmpty)
            {
                View<float> scores = Args.FinalScores;
                scores[row] = score;
            }

            return default;
        }

        private static void Clear(float* row, int begin, int end)
        {
            if (row != null)
            {
                new Span<float>(row + begin, end - begin).Clear();
            }
        }

        private readonly float Score(int row)
        {
            float score = Args.Scores[row];
            return Args.MissingEosPenalty == 0f || Args.HasEos[row] != 0 ? score
                : Args.MissingEos == MissingEosRule.Replace ? -Args.MissingEosPenalty
                : score - Args.MissingEosPenalty;
        }
    }

    private readonly struct Step<TV>(KlEstimator estimator, float klCoef) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        private readonly TV _coef = TV.Broadcast(klCoef);

        public float* Logprobs { get; init; }

        public float* RefLogprobs { get; init; }

        public float* Rewards { get; init; }

        public float* Kl { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV d = TExtent.Load<TV>(Logprobs, index, rest) - TExtent.Load<TV>(RefLogprobs, index, rest);
            TV kl = KlStep.Next(estimator, d, out _);
            TExtent.Store(Kl, index, kl, rest);

            // Without a penalty an infinite estimate (k3 overflows) is no penalty either, not 0 · ∞.
            TV zero = TV.Broadcast(0f);
            TExtent.Store(Rewards, index, zero - TV.Select(TV.IsEqual(_coef, zero), zero, _coef * kl), rest);
        }
    }
}
