using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>GAE over [T, B]: lanes are sequences, blocks of columns are handed out, time runs backwards.</summary>
internal unsafe struct GaeColumnsBody : IRangeBody
{
    public const int Block = 64;

    public GaeArgs Args;

    [SkipLocalsInit]
    public readonly void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>
    {
        // Advantage and value of the step that follows in time, a column each.
        float* advantages = stackalloc float[Block], values = stackalloc float[Block];
        for (int block = begin; block < end; block++)
        {
            int first = block * Block, count = Math.Min(Block, Args.Rewards.Cols - first);
            for (int i = 0; i < count; i++)
            {
                advantages[i] = 0f;
                values[i] = Args.LastValues.IsEmpty ? 0f : Args.LastValues[first + i];
            }

            for (int t = Args.Rewards.Rows - 1; t >= 0; t--)
            {
                var step = new Step<TV>
                {
                    Gae = new GaeStep<TV>(Args)
                    {
                        Rewards = At(Args.Rewards, t, first),
                        Mask = At(Args.Mask, t, first),
                        Dones = At(Args.Dones, t, first),
                        Truncations = At(Args.Truncations, t, first),
                        TruncationValues = At(Args.TruncationValues, t, first),
                    },
                    Values = At(Args.Values, t, first),
                    NextAdvantages = advantages,
                    NextValues = values,
                    Advantages = At<float>(Args.Advantages, t, first),
                    Returns = At<float>(Args.Returns, t, first),
                };
                RowWalk.Run<TV, Step<TV>>(ref step, count);
            }
        }
    }

    private static T* At<T>(ReadOnlyView<T> view, int row, int col)
        where T : unmanaged => view.IsEmpty ? null : view.Row(row) + col;

    private readonly struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public GaeStep<TV> Gae { get; init; }

        public float* Values { get; init; }

        public float* NextAdvantages { get; init; }

        public float* NextValues { get; init; }

        public float* Advantages { get; init; }

        public float* Returns { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV next = TExtent.Load<TV>(NextValues, index, rest);
            TV value = Gae.Value<TExtent>(index, rest, TExtent.Load<TV>(Values, index, rest), next);
            TV delta = Gae.Delta<TExtent>(index, rest, value, next, out TV decay);

            // Selected where the decay is 0: an infinite advantage of the next episode must not become 0 · ∞ here.
            TV advantage = TV.Fma(decay, TExtent.Load<TV>(NextAdvantages, index, rest), delta);
            advantage = TV.Select(TV.IsEqual(decay, TV.Broadcast(0f)), delta, advantage);
            TExtent.Store(NextAdvantages, index, advantage, rest);
            TExtent.Store(NextValues, index, value, rest);
            TExtent.Store(Advantages, index, advantage, rest);
            TExtent.Store(Returns, index, advantage + value, rest);
        }
    }
}
