using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Simd;

/// <summary>The loop of every elementwise kernel: full registers, then what is left of the row.</summary>
internal static class RowWalk
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TV, TStep>(ref TStep step, int length)
        where TV : struct, ISimd<TV>
        where TStep : struct, IRowStep<TV>
    {
        int i = 0;
        for (; i <= length - TV.Width; i += TV.Width)
        {
            step.Next<FullRegister>(i, TV.Width);
        }

        if (i < length)
        {
            step.Next<PartialRegister>(i, length - i);
        }
    }
}
