using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>The scratch memory of the fused head: a function of shapes only.</summary>
public static class LinearLogprobsWorkspace
{
    /// <summary>What a trainer should give when it has no reason for another number: 64 MiB.</summary>
    public const long DefaultBytes = 64L << 20;

    /// <summary>The least that works for this head: one row of f32 logits (and one widened weight panel for bf16).</summary>
    public static long Minimum(int vocab, int hiddenSize, bool widens) =>
        (((long)vocab + 64) * sizeof(float)) + (widens ? (((long)hiddenSize * (PanelRows(vocab) + 1)) + 128) * sizeof(float) : 0);

    internal static int PanelRows(int vocab) => Math.Min(vocab, 1024);

    internal static void Validate<T>(in LinearHead<T> head, View<byte> workspace)
        where T : unmanaged
    {
        long need = Minimum(head.Weight.Rows, head.Weight.Cols, typeof(T) != typeof(float));
        if (head.Hidden.Rows > 0 && (workspace.IsEmpty || workspace.Count < need))
        {
            throw new ArgumentException($"Workspace has {(workspace.IsEmpty ? 0 : workspace.Count)} bytes, expected at least {need}");
        }
    }
}
