using System.Diagnostics.CodeAnalysis;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda;

/// <summary>Storage types as entries are named after them.</summary>
internal static class Dtype
{
    /// <summary>"f32", "bf16" or "f16": a constant once compiled.</summary>
    public static string Suffix<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return "f32";
        }

        if (typeof(T) == typeof(BFloat16))
        {
            return "bf16";
        }

        if (typeof(T) == typeof(Half))
        {
            return "f16";
        }

        return Throw<T>();
    }

    [DoesNotReturn]
    private static string Throw<T>() => throw new ArgumentException($"storage type {typeof(T).Name}, expected Single, BFloat16 or Half");
}
