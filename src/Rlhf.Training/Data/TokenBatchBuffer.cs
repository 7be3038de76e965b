using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Data;

/// <summary>
/// Sequences of different lengths as one padded <see cref="TokenBatch"/> in native memory that is reused from batch to batch. Positions
/// count each sequence's own tokens, so the side of the padding changes nothing; padded ids are 0 under a mask of 0, so no padding
/// token is needed and none is confused with the end token.
/// </summary>
public sealed class TokenBatchBuffer : IDisposable
{
    private HostBuffer<int> _ids = new(0), _positions = new(0), _lastRows = new(0);
    private HostBuffer<byte> _mask = new(0);
    private int[] _lengths = [];

    /// <summary>[B, L] as last filled; valid until the next fill.</summary>
    public TokenBatch Tokens { get; private set; }

    /// <summary>[B] flat position b·L + t of each sequence's last token, for a scalar head.</summary>
    public ReadOnlyView<int> LastRows => _lastRows.View(Tokens.Batch);

    /// <summary>[B] tokens of each sequence.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Tokens.Batch);

    /// <summary>Number of real tokens.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Fills the batch.</summary>
    /// <param name="sequences">At least one; each at least one token.</param>
    /// <param name="side">Side of the padding.</param>
    public void Fill(IReadOnlyList<ReadOnlyMemory<int>> sequences, PaddingSide side)
    {
        int rows = sequences.Count, columns = sequences.Max(sequence => sequence.Length);
        Reserve(rows, columns);
        Tokens = new TokenBatch { InputIds = _ids.View(rows, columns), Mask = _mask.View(rows, columns), Positions = _positions.View(rows, columns) };
        TokenCount = 0;
        for (int row = 0; row < rows; row++)
        {
            int length = sequences[row].Length, start = side == PaddingSide.Left ? columns - length : 0;
            if (length == 0)
                throw new ArgumentException($"sequence {row} has no tokens, expected at least one");
            Span<int> ids = _ids.Span.Slice(row * columns, columns), positions = _positions.Span.Slice(row * columns, columns);
            Span<byte> mask = _mask.Span.Slice(row * columns, columns);
            ids.Clear();
            positions.Clear();
            mask.Clear();
            sequences[row].Span.CopyTo(ids[start..]);
            mask.Slice(start, length).Fill(1);
            for (int i = 0; i < length; i++)
                positions[start + i] = i;
            _lastRows.Span[row] = (row * columns) + start + length - 1;
            _lengths[row] = length;
            TokenCount += length;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ids.Dispose();
        _positions.Dispose();
        _lastRows.Dispose();
        _mask.Dispose();
    }

    private void Reserve(int rows, int columns)
    {
        Grow(ref _ids, (long)rows * columns);
        Grow(ref _positions, (long)rows * columns);
        Grow(ref _mask, (long)rows * columns);
        Grow(ref _lastRows, rows);
        if (_lengths.Length < rows)
            _lengths = new int[rows];
    }

    /// <summary>A buffer of at least this many elements: the same one, or a new one in its place.</summary>
    internal static void Grow<T>(ref HostBuffer<T> buffer, long count)
        where T : unmanaged
    {
        if (buffer.Length >= count)
            return;
        buffer.Dispose();
        buffer = new HostBuffer<T>(count);
    }
}
