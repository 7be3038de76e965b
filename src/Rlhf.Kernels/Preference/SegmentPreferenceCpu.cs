using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Preference;

/// <summary>The CPU body of <see cref="SegmentPreferenceArgs"/>.</summary>
internal static unsafe class SegmentPreferenceCpu
{
    // Pairs that are compared at once, whatever the width: the widest register there is.
    private const int Chunk = 16;

    public static void Run(SimdRunner runner, in SegmentPreferenceArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create((args.Rewards1.Rows + Chunk - 1) / Chunk, 1, dense: false);
        ElementSum<Kernel, PreferenceStats>.Run(runner, grid, new Kernel { Args = args }).Write(args.Stats);
    }

    private struct Kernel : IElementKernel<PreferenceStats>
    {
        public SegmentPreferenceArgs Args;

        [SkipLocalsInit]
        public readonly PreferenceStats Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            float* returns1 = stackalloc float[Chunk], returns2 = stackalloc float[Chunk], labels = stackalloc float[Chunk];
            float* differences = stackalloc float[Chunk], grads = stackalloc float[Chunk], probabilities = stackalloc float[Chunk];
            int first = row * Chunk, count = Math.Min(Chunk, Args.Rewards1.Rows - first);
            for (int i = 0; i < count; i++)
            {
                double return1 = Return(Args.Rewards1, first + i), return2 = Return(Args.Rewards2, first + i);
                returns1[i] = (float)return1;
                returns2[i] = (float)return2;
                differences[i] = (float)(return1 - return2);
                labels[i] = Args.Labels[first + i];
            }

            var step = new Step<TV>(Args.Noise, Args.Limit)
            {
                Returns1 = returns1,
                Returns2 = returns2,
                Differences = differences,
                Labels = labels,
                Grads = grads,
                Probabilities = probabilities,
            };
            RowWalk.Run<TV, Step<TV>>(ref step, count);

            View<float> probabilityOut = Args.Probabilities;
            for (int i = 0; i < count; i++)
            {
                double grad = grads[i] / (double)Args.Normalizer;
                Spread(Args.GradRewards1, first + i, grad);
                Spread(Args.GradRewards2, first + i, -grad);
                if (!probabilityOut.IsEmpty)
                {
                    probabilityOut[first + i] = probabilities[i];
                }
            }

            return step.Sums.Total(1.0 / Args.Normalizer);
        }

        // Σ Discount^t r_t, from the end (Horner).
        private readonly double Return(ReadOnlyView<float> rewards, int pair)
        {
            float* row = rewards.Row(pair);
            double sum = 0;
            for (int t = rewards.Cols - 1; t >= 0; t--)
            {
                sum = row[t] + (Args.Discount * sum);
            }

            return sum;
        }

        private readonly void Spread(View<float> grads, int pair, double grad)
        {
            if (grads.IsEmpty)
            {
                return;
            }

            float* row = grads.Row(pair);
            for (int t = 0; t < grads.Cols; t++)
            {
                row[t] = (float)grad;
                grad *= Args.Discount;
            }
        }
    }

    private struct Step<TV>(float noise, float limit) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Returns1, Returns2, Differences, Labels, Grads, Probabilities;
        public PreferenceSums<TV> Sums = new();
        private readonly PreferenceStep<TV> _preference = new(noise);
        private readonly TV _limit = TV.Broadcast(limit);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f);
            TV counted = TExtent.Mask<TV>(null, index, rest);
            TV difference = TExtent.Load<TV>(Differences, index, rest), label = TExtent.Load<TV>(Labels, index, rest);
            TV beyond = TV.GreaterThan(TV.Abs(difference), _limit);

            // The clamped operand stands on the right, where Min and Max let a NaN through.
            TV clamped = TV.Min(_limit, TV.Max(zero - _limit, difference));
            TV loss = _preference.Next(clamped, label, out TV grad, out TV probability);
            TExtent.Store(Grads, index, TV.Select(beyond, zero, grad), rest);
            TExtent.Store(Probabilities, index, probability, rest);
            TV return1 = TExtent.Load<TV>(Returns1, index, rest), return2 = TExtent.Load<TV>(Returns2, index, rest);
            Sums.AddPairs(loss, return1, return2, label, counted);
            Sums.AddRewards(return1, counted);
            Sums.AddRewards(return2, counted);
        }
    }
}
