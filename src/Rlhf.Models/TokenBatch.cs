using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;

namespace Rlhf.Models;

/// <summary>Token ids of B sequences in L columns, padded on either side. Padding costs no computation.</summary>
public readonly struct TokenBatch
{
    /// <summary>[B, L] token ids, contiguous; those at padding are not looked at.</summary>
    public required ReadOnlyView<int> InputIds { get; init; }

    /// <summary>[B, L] 1 at real tokens, 0 at padding, contiguous; left out: all real.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>[B, L] positions, contiguous, see <see cref="PositionIds"/>; left out: 0 … L − 1 by column, padding included.</summary>
    public ReadOnlyView<int> Positions { get; init; }

    /// <summary>Number of sequences (B).</summary>
    public int Batch => InputIds.Rows;

    /// <summary>Number of columns (L).</summary>
    public int Length => InputIds.Cols;

    /// <summary>Sequences <paramref name="start"/> … <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public TokenBatch Slice(int start, int count) => new()
    {
        InputIds = InputIds.SliceRows(start, count),
        Mask = Mask.IsEmpty ? default : Mask.SliceRows(start, count),
        Positions = Positions.IsEmpty ? default : Positions.SliceRows(start, count),
    };

    internal unsafe NativeBatch ToNative()
    {
        if (InputIds.IsEmpty || InputIds.Count == 0)
            throw new ArgumentException("InputIds is empty, expected at least one sequence and one column");
        Require.OptionalShape(Mask, Batch, Length);
        Require.OptionalShape(Positions, Batch, Length);
        if (!InputIds.IsContiguous || (!Mask.IsEmpty && !Mask.IsContiguous) || (!Positions.IsEmpty && !Positions.IsContiguous))
            throw new ArgumentException("InputIds, Mask and Positions are expected in contiguous memory");
        return new NativeBatch { Batch = Batch, Length = Length, Ids = InputIds.Pointer, Mask = Mask.Pointer, Positions = Positions.Pointer };
    }
}
