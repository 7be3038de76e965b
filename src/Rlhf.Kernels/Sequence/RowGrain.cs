namespace Rlhf.Kernels.Sequence;

/// <summary>How many rows one hand-out of the worker team takes: enough work to pay for the hand-out, few enough to balance.</summary>
internal static class RowGrain
{
    private const int Elements = 16384;

    public static int Of(long cols) => (int)Math.Max(1, Elements / Math.Max(1, cols));
}
