using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Simd;

/// <summary>How much of a register a step touches, so that one step serves the full registers of a row and its end.</summary>
internal unsafe interface IExtent
{
    /// <summary>Lanes of <paramref name="row"/> from <paramref name="index"/>; 0 beyond the row.</summary>
    static abstract TV Load<TV>(float* row, int index, int rest)
        where TV : struct, ISimd<TV>;

    /// <summary>Mask lanes: set within the row where the byte (if there is a mask) is not 0.</summary>
    static abstract TV Mask<TV>(byte* mask, int index, int rest)
        where TV : struct, ISimd<TV>;

    /// <summary>Stores the lanes within the row; a null row takes nothing.</summary>
    static abstract void Store<TV>(float* row, int index, TV value, int rest)
        where TV : struct, ISimd<TV>;
}

/// <summary>All lanes lie within the row.</summary>
internal readonly unsafe struct FullRegister : IExtent
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<TV>(float* row, int index, int rest)
        where TV : struct, ISimd<TV> => TV.Load(row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Mask<TV>(byte* mask, int index, int rest)
        where TV : struct, ISimd<TV> => SimdTail.FullMask<TV>(mask == null ? null : mask + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TV>(float* row, int index, TV value, int rest)
        where TV : struct, ISimd<TV>
    {
        if (row != null)
        {
            TV.Store(row + index, value);
        }
    }
}

/// <summary>The row ends within the register: only <c>rest</c> lanes are read and written.</summary>
internal readonly unsafe struct PartialRegister : IExtent
{
    public static TV Load<TV>(float* row, int index, int rest)
        where TV : struct, ISimd<TV> => SimdTail.Load<TV>(row + index, rest, 0f);

    public static TV Mask<TV>(byte* mask, int index, int rest)
        where TV : struct, ISimd<TV> => SimdTail.Mask<TV>(mask == null ? null : mask + index, rest);

    public static void Store<TV>(float* row, int index, TV value, int rest)
        where TV : struct, ISimd<TV>
    {
        if (row != null)
        {
            SimdTail.Store(row + index, value, rest);
        }
    }
}
