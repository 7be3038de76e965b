using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Simd;

/// <summary>Loads and stores of the storage types (f32, bf16); the JIT keeps one branch for each type.</summary>
internal static unsafe class Storage
{
    /// <summary>Throws where <typeparamref name="T"/> is no storage type of the row kernels.</summary>
    public static void Require<T>()
        where T : unmanaged
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(BFloat16))
        {
            throw new ArgumentException($"storage type is {typeof(T).Name}, expected Single or BFloat16");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<T, TV>(T* source)
        where T : unmanaged
        where TV : struct, ISimd<TV> =>
        typeof(T) == typeof(float) ? TV.Load((float*)source) : TV.Load((BFloat16*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T, TV>(T* destination, TV value)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        if (typeof(T) == typeof(float))
        {
            TV.Store((float*)destination, value);
        }
        else
        {
            TV.Store((BFloat16*)destination, value);
        }
    }

    /// <summary>The first <paramref name="count"/> lanes, fewer than the width.</summary>
    public static void StoreTail<T, TV>(T* destination, TV value, int count)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        if (typeof(T) == typeof(float))
        {
            SimdTail.Store((float*)destination, value, count);
        }
        else
        {
            SimdTail.Store((BFloat16*)destination, value, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read<T>(T* source)
        where T : unmanaged => typeof(T) == typeof(float) ? *(float*)source : (float)*(BFloat16*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(T* destination, float value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            *(float*)destination = value;
        }
        else
        {
            *(BFloat16*)destination = (BFloat16)value;
        }
    }

    /// <summary>Widens <paramref name="count"/> elements to f32 (exact).</summary>
    public static void Widen<T, TV>(T* source, float* destination, long count)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        long i = 0;
        for (; i <= count - TV.Width; i += TV.Width)
        {
            TV.Store(destination + i, Load<T, TV>(source + i));
        }

        for (; i < count; i++)
        {
            destination[i] = Read(source + i);
        }
    }
}
