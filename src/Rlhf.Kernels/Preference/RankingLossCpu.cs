using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Preference;

/// <summary>The CPU body of <see cref="RankingLossArgs"/>.</summary>
internal static unsafe class RankingLossCpu
{
    // Pairs that are compared at once, whatever the width: the widest register there is.
    private const int Chunk = 16;

    public static void Run(SimdRunner runner, in RankingLossArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(args.GroupOffsets.Rows - 1, 1, dense: false);
        ElementSum<Kernel, PreferenceStats>.Run(runner, grid, new Kernel { Args = args }).Write(args.Stats);
    }

    private struct Kernel : IElementKernel<PreferenceStats>
    {
        public RankingLossArgs Args;

        [SkipLocalsInit]
        public readonly PreferenceStats Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            int begin = Args.GroupOffsets[row], end = Args.GroupOffsets[row + 1];
            int pairs = CountPairs(begin, end);
            float weight = (Args.WeighPairs ? 1f : 1f / Math.Max(pairs, 1)) / Args.Normalizer;
            float* better = stackalloc float[Chunk], worse = stackalloc float[Chunk], grads = stackalloc float[Chunk];
            int* betterItems = stackalloc int[Chunk], worseItems = stackalloc int[Chunk];
            var step = new Step<TV>(Args.Noise, weight) { Better = better, Worse = worse, Grads = grads };
            View<float> gradients = Args.GradRewards;
            ScoreItems(ref step, begin, end);

            int filled = 0;
            for (int i = begin; i < end; i++)
            {
                for (int j = begin; j < end; j++)
                {
                    if (Args.Ranks[i] >= Args.Ranks[j])
                    {
                        continue;
                    }

                    betterItems[filled] = i;
                    worseItems[filled] = j;
                    better[filled] = Args.Rewards[i];
                    worse[filled] = Args.Rewards[j];
                    if (++filled == Chunk)
                    {
                        Compare(ref step, gradients, betterItems, worseItems, filled);
                        filled = 0;
                    }
                }
            }

            Compare(ref step, gradients, betterItems, worseItems, filled);
            return step.Sums.Total(weight);
        }

        private readonly int CountPairs(int begin, int end)
        {
            int ordered = 0;
            for (int i = begin; i < end; i++)
            {
                for (int j = i + 1; j < end; j++)
                {
                    ordered += Args.Ranks[i] != Args.Ranks[j] ? 1 : 0;
                }
            }

            return ordered;
        }

        private readonly void ScoreItems<TV>(ref Step<TV> step, int begin, int end)
            where TV : struct, ISimd<TV>
        {
            View<float> gradients = Args.GradRewards;
            for (int i = begin; i < end; i++)
            {
                float reward = Args.Rewards[i];
                step.Sums.AddRewards(SimdTail.Load<TV>(&reward, 1, 0f), SimdTail.Mask<TV>(null, 1));
                if (!gradients.IsEmpty)
                {
                    gradients[i] = 0f;
                }
            }
        }

        private static void Compare<TV>(ref Step<TV> step, View<float> gradients, int* better, int* worse, int count)
            where TV : struct, ISimd<TV>
        {
            RowWalk.Run<TV, Step<TV>>(ref step, count);
            for (int pair = 0; pair < count && !gradients.IsEmpty; pair++)
            {
                gradients[better[pair]] += step.Grads[pair];
                gradients[worse[pair]] -= step.Grads[pair];
            }
        }
    }

    private struct Step<TV>(float noise, float weight) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Better, Worse, Grads;
        public PreferenceSums<TV> Sums = new();
        private readonly PreferenceStep<TV> _preference = new(noise);
        private readonly TV _weight = TV.Broadcast(weight);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV better = TExtent.Load<TV>(Better, index, rest), worse = TExtent.Load<TV>(Worse, index, rest);
            TV label = TV.Broadcast(1f);
            TV loss = _preference.Next(better - worse, label, out TV grad, out _);
            TExtent.Store(Grads, index, grad * _weight, rest);
            Sums.AddPairs(loss, better, worse, label, TExtent.Mask<TV>(null, index, rest));
        }
    }
}
