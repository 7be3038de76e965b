using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>The scratch memory of the fused head: a function of shapes only.</summary>
public static class LinearLogprobsWorkspace
{
    /// <summary>What a trainer should give when it has no reason for another number: 64 MiB.</summary>
    public const long DefaultBytes = 64L << 20;

    private const int Alignment = 64;

    /// <summary>
    /// The least that works for this head: one row of f32 logits and hidden state (and one widened weight panel for bf16).
    /// More gives larger chunks.
    /// </summary>
    public static long Minimum(int vocab, int hiddenSize, bool widens) => Fixed(vocab, hiddenSize, widens) + PerRow(vocab, hiddenSize);

    internal static int PanelRows(int vocab) => Math.Min(vocab, 1024);

    /// <summary>Elements between rows of logits: whole cache lines, and not a multiple of 4 KiB, where rows would share cache sets.</summary>
    internal static long LogitsPitch(int vocab)
    {
        long pitch = (vocab + 15L) / 16 * 16;
        return pitch % 1024 == 0 ? pitch + 16 : pitch;
    }

    /// <summary>Rows of a chunk for a workspace of at least the minimum: as many as fit, evenly spread, in multiples of 16.</summary>
    internal static int ChunkRows(long bytes, int rows, int vocab, int hiddenSize, bool widens)
    {
        long fit = Math.Min(rows, (bytes - Fixed(vocab, hiddenSize, widens)) / PerRow(vocab, hiddenSize));
        fit = fit >= 16 && fit < rows ? fit / 16 * 16 : fit;
        long chunks = (rows + fit - 1) / fit;
        long even = ((rows + chunks - 1) / chunks + 15) / 16 * 16;
        return (int)Math.Min(even, fit);
    }

    internal static void Validate<T>(in LinearHead<T> head, View<byte> workspace)
        where T : unmanaged
    {
        long need = Minimum(head.Weight.Rows, head.Weight.Cols, typeof(T) != typeof(float));
        if (head.Hidden.Rows > 0 && (workspace.IsEmpty || workspace.Count < need))
        {
            throw new ArgumentException($"Workspace has {(workspace.IsEmpty ? 0 : workspace.Count)} bytes, expected at least {need}");
        }
    }

    // Logits, hidden state, index.
    private static long PerRow(int vocab, int hiddenSize) => ((LogitsPitch(vocab) + hiddenSize) * sizeof(float)) + sizeof(int);

    // Four parts, each aligned.
    private static long Fixed(int vocab, int hiddenSize, bool widens) =>
        (4 * Alignment) + (widens ? (long)hiddenSize * PanelRows(vocab) * sizeof(float) : 0);
}
