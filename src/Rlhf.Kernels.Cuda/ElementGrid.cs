using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda;

/// <summary>How an element kernel walks its views: ElementGrid of elements.cuh. <see cref="ElementPlan"/> makes it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ElementGrid
{
    public long Count;
    public long Cols;
    public int Chunk;
    public int Packed;

    /// <summary>Blocks that cover all elements; one at least, for the statistics of nothing.</summary>
    public readonly long Blocks => Math.Max(1, (Count + Chunk - 1) / Chunk);
}
