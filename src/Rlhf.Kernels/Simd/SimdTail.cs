using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Simd;

/// <summary>The last few elements of a row, through a padded register image, so that one body serves full and partial registers.</summary>
internal static unsafe class SimdTail
{
    private const int MaxWidth = 16;

    /// <summary>The first <paramref name="count"/> lanes from memory, <paramref name="fill"/> in the others; count is below the width.</summary>
    [SkipLocalsInit]
    public static TV Load<TV>(float* source, int count, float fill)
        where TV : struct, ISimd<TV>
    {
        float* image = stackalloc float[MaxWidth];
        for (int lane = 0; lane < TV.Width; lane++)
        {
            image[lane] = lane < count ? source[lane] : fill;
        }

        return TV.Load(image);
    }

    /// <summary>
    /// What a row of <paramref name="count"/> elements leaves over after its full registers, −∞ in the other lanes. Loops that sum
    /// or maximise begin with it: a call after the loop would make the JIT spill the loop's accumulators.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Rest<TV>(float* source, int count)
        where TV : struct, ISimd<TV>
    {
        int rest = count % TV.Width;
        return rest == 0
            ? TV.Broadcast(float.NegativeInfinity)
            : Load<TV>(source + (count - rest), rest, float.NegativeInfinity);
    }

    /// <summary>The same from bf16.</summary>
    [SkipLocalsInit]
    public static TV Load<TV>(BFloat16* source, int count, float fill)
        where TV : struct, ISimd<TV>
    {
        float* image = stackalloc float[MaxWidth];
        for (int lane = 0; lane < TV.Width; lane++)
        {
            image[lane] = lane < count ? (float)source[lane] : fill;
        }

        return TV.Load(image);
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    [SkipLocalsInit]
    public static void Store<TV>(float* destination, TV value, int count)
        where TV : struct, ISimd<TV>
    {
        float* image = stackalloc float[MaxWidth];
        TV.Store(image, value);
        for (int lane = 0; lane < count; lane++)
        {
            destination[lane] = image[lane];
        }
    }

    /// <summary>Stores the first <paramref name="count"/> lanes as bf16.</summary>
    [SkipLocalsInit]
    public static void Store<TV>(BFloat16* destination, TV value, int count)
        where TV : struct, ISimd<TV>
    {
        BFloat16* image = stackalloc BFloat16[MaxWidth];
        TV.Store(image, value);
        for (int lane = 0; lane < count; lane++)
        {
            destination[lane] = image[lane];
        }
    }

    /// <summary>A lane mask: set for the first <paramref name="count"/> lanes whose mask byte (if there is a mask) is not 0.</summary>
    [SkipLocalsInit]
    public static TV Mask<TV>(byte* mask, int count)
        where TV : struct, ISimd<TV>
    {
        byte* image = stackalloc byte[MaxWidth];
        for (int lane = 0; lane < MaxWidth; lane++)
        {
            image[lane] = lane < count && (mask == null || mask[lane] != 0) ? (byte)1 : (byte)0;
        }

        return TV.MaskFromBytes(image);
    }

    /// <summary>A lane mask for a full register; all set where there is no mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV FullMask<TV>(byte* mask)
        where TV : struct, ISimd<TV> =>
        mask == null ? TV.IsEqual(TV.Broadcast(0f), TV.Broadcast(0f)) : TV.MaskFromBytes(mask);
}
