using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// GAE over [B, T]. A row's recurrence is one chain of dependent additions, a few cycles each; everything else is vectors over
/// time. So the work is split in tiles of time: δ and decay of eight rows by vectors, their eight chains interleaved (which fills
/// the latency of each), advantages and returns by vectors.
/// </summary>
internal unsafe struct GaeRowsBody : IRangeBody
{
    /// <summary>Rows whose chains run interleaved.</summary>
    public const int Group = 8;

    private const int Tile = 128;

    public GaeArgs Args;

    [SkipLocalsInit]
    public readonly void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>
    {
        // 12 KiB: one tile of each row. A value row holds one more: the value after the tile.
        float* advantages = stackalloc float[Group * Tile], decays = stackalloc float[Group * Tile];
        float* values = stackalloc float[Group * (Tile + 1)], carry = stackalloc float[Group];
        bool plain = GaeStep<TV>.IsPlain(Args);
        int length = Args.Rewards.Cols;
        for (int group = begin; group < end; group++)
        {
            int first = group * Group, rows = Math.Min(Group, Args.Rewards.Rows - first);
            new Span<float>(carry, Group).Clear();

            // Chains without a row run too; zeros keep them off slow denormal numbers.
            new Span<float>(advantages, Group * Tile).Clear();
            new Span<float>(decays, Group * Tile).Clear();
            for (int start = (length - 1) / Tile * Tile; start >= 0; start -= Tile)
            {
                int count = Math.Min(Tile, length - start);
                bool last = start + count == length;
                for (int r = 0; r < rows; r++)
                {
                    float* value = values + (r * (Tile + 1));
                    float next = !last ? value[0] : Args.LastValues.IsEmpty ? 0f : Args.LastValues[first + r];
                    Prepare<TV>(first + r, start, count, next, value, advantages + (r * Tile), decays + (r * Tile));
                }

                if (plain)
                {
                    Chains(advantages, count, Args.Gamma * Args.Lambda, carry);
                }
                else
                {
                    Chains(advantages, decays, count, carry);
                }

                for (int r = 0; r < rows; r++)
                {
                    var write = new WriteStep<TV>
                    {
                        From = advantages + (r * Tile),
                        Values = values + (r * (Tile + 1)),
                        Advantages = Args.Advantages.Row(first + r) + start,
                        Returns = Args.Returns.Row(first + r) + start,
                    };
                    RowWalk.Run<TV, WriteStep<TV>>(ref write, count);
                }
            }
        }
    }

    private readonly void Prepare<TV>(int row, int start, int count, float next, float* value, float* delta, float* decay)
        where TV : struct, ISimd<TV>
    {
        float* source = Args.Values.Row(row) + start;
        var step = new PrepareStep<TV>
        {
            Gae = new GaeStep<TV>(Args)
            {
                Rewards = At(Args.Rewards, row, start),
                Mask = At(Args.Mask, row, start),
                Dones = At(Args.Dones, row, start),
                Truncations = At(Args.Truncations, row, start),
                TruncationValues = At(Args.TruncationValues, row, start),
            },
            Values = value,
            Deltas = delta,
            Decays = decay,
        };
        value[count] = next;
        if (Args.MaskMode == GaeMaskMode.Skip)
        {
            for (int t = count - 1; t >= 0; t--)
            {
                value[t] = step.Gae.Mask[t] != 0 ? source[t] : value[t + 1];
            }
        }
        else
        {
            var copy = new ValueStep<TV> { Gae = step.Gae, From = source, Values = value };
            RowWalk.Run<TV, ValueStep<TV>>(ref copy, count);
        }

        RowWalk.Run<TV, PrepareStep<TV>>(ref step, count);
    }

    private static T* At<T>(ReadOnlyView<T> view, int row, int col)
        where T : unmanaged => view.IsEmpty ? null : view.Row(row) + col;

    private static void Chains(float* a, int count, float decay, float* carry)
    {
        float c0 = carry[0], c1 = carry[1], c2 = carry[2], c3 = carry[3], c4 = carry[4], c5 = carry[5], c6 = carry[6], c7 = carry[7];
        for (float* p = a + count - 1; p >= a; p--)
        {
            p[0] = c0 = MathF.FusedMultiplyAdd(decay, c0, p[0]);
            p[Tile] = c1 = MathF.FusedMultiplyAdd(decay, c1, p[Tile]);
            p[2 * Tile] = c2 = MathF.FusedMultiplyAdd(decay, c2, p[2 * Tile]);
            p[3 * Tile] = c3 = MathF.FusedMultiplyAdd(decay, c3, p[3 * Tile]);
            p[4 * Tile] = c4 = MathF.FusedMultiplyAdd(decay, c4, p[4 * Tile]);
            p[5 * Tile] = c5 = MathF.FusedMultiplyAdd(decay, c5, p[5 * Tile]);
            p[6 * Tile] = c6 = MathF.FusedMultiplyAdd(decay, c6, p[6 * Tile]);
            p[7 * Tile] = c7 = MathF.FusedMultiplyAdd(decay, c7, p[7 * Tile]);
        }

        carry[0] = c0;
        carry[1] = c1;
        carry[2] = c2;
        carry[3] = c3;
        carry[4] = c4;
        carry[5] = c5;
        carry[6] = c6;
        carry[7] = c7;
    }

    private static void Chains(float* a, float* decays, int count, float* carry)
    {
        for (int t = count - 1; t >= 0; t--)
        {
            for (int r = 0; r < Group; r++)
            {
                // As in the other layout: nothing of the next episode, infinite or not, flows over its beginning.
                float decay = decays[(r * Tile) + t], delta = a[(r * Tile) + t];
                carry[r] = decay == 0f ? delta : MathF.FusedMultiplyAdd(decay, carry[r], delta);
                a[(r * Tile) + t] = carry[r];
            }
        }
    }

    private readonly struct ValueStep<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public GaeStep<TV> Gae { get; init; }

        public float* From { get; init; }

        public float* Values { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV value = TExtent.Load<TV>(From, index, rest);
            TExtent.Store(Values, index, Gae.Value<TExtent>(index, rest, value, value), rest);
        }
    }

    private readonly struct PrepareStep<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public GaeStep<TV> Gae { get; init; }

        public float* Values { get; init; }

        public float* Deltas { get; init; }

        public float* Decays { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV value = TExtent.Load<TV>(Values, index, rest), next = TExtent.Load<TV>(Values + 1, index, rest);
            TExtent.Store(Deltas, index, Gae.Delta<TExtent>(index, rest, value, next, out TV decay), rest);
            TExtent.Store(Decays, index, decay, rest);
        }
    }

    private readonly struct WriteStep<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* From { get; init; }

        public float* Values { get; init; }

        public float* Advantages { get; init; }

        public float* Returns { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV advantage = TExtent.Load<TV>(From, index, rest);
            TExtent.Store(Advantages, index, advantage, rest);
            TExtent.Store(Returns, index, advantage + TExtent.Load<TV>(Values, index, rest), rest);
        }
    }
}
