using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The inner loops over one block of u: where the row kernels spend their time. Lanes beyond the end hold −∞, which adds nothing.</summary>
internal static unsafe class RowSweeps
{
    /// <summary>The largest element; NaN is passed over (it shows in the sum).</summary>
    public static float Max<TV>(float* u, int count)
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width, i = 0;
        TV m0 = SimdTail.Rest<TV>(u, count);
        TV m1 = TV.Broadcast(float.NegativeInfinity), m2 = m1, m3 = m1;
        for (; i <= count - (4 * width); i += 4 * width)
        {
            // The running maximum stands on the right, where it survives a NaN.
            m0 = TV.Max(TV.Load(u + i), m0);
            m1 = TV.Max(TV.Load(u + i + width), m1);
            m2 = TV.Max(TV.Load(u + i + (2 * width)), m2);
            m3 = TV.Max(TV.Load(u + i + (3 * width)), m3);
        }

        for (; i <= count - width; i += width)
        {
            m0 = TV.Max(TV.Load(u + i), m0);
        }

        return TV.MaxAcross(TV.Max(TV.Max(m0, m1), TV.Max(m2, m3)));
    }

    /// <summary>Σ 2^((u − max) slope).</summary>
    public static float Sum<TV>(float* u, int count, float max, float slope)
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width, i = 0;
        TV rest = SimdTail.Rest<TV>(u, count);
        TV m = TV.Broadcast(max), k = TV.Broadcast(slope);
        TV s0 = Exp(rest, m, k, out _), s1 = TV.Broadcast(0f), s2 = s1, s3 = s1;
        for (; i <= count - (4 * width); i += 4 * width)
        {
            Prefetch(u + i, 4 * width);
            s0 += Exp(TV.Load(u + i), m, k, out _);
            s1 += Exp(TV.Load(u + i + width), m, k, out _);
            s2 += Exp(TV.Load(u + i + (2 * width)), m, k, out _);
            s3 += Exp(TV.Load(u + i + (3 * width)), m, k, out _);
        }

        for (; i <= count - width; i += width)
        {
            s0 += Exp(TV.Load(u + i), m, k, out _);
        }

        return TV.Sum((s0 + s1) + (s2 + s3));
    }

    /// <summary>The same sum bit for bit, and Σ a 2^a with a = (u − max) slope, where −∞ adds 0.</summary>
    public static float Sum<TV>(float* u, int count, float max, float slope, out float weighted)
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width, i = 0;
        TV rest = SimdTail.Rest<TV>(u, count);
        TV m = TV.Broadcast(max), k = TV.Broadcast(slope);
        TV s0 = Exp(rest, m, k, out TV aRest), s1 = TV.Broadcast(0f), s2 = s1, s3 = s1;
        TV w0 = s0 * aRest, w1 = s1, w2 = s1, w3 = s1;
        for (; i <= count - (4 * width); i += 4 * width)
        {
            Prefetch(u + i, 4 * width);
            TV e0 = Exp(TV.Load(u + i), m, k, out TV a0), e1 = Exp(TV.Load(u + i + width), m, k, out TV a1);
            s0 += e0;
            w0 = TV.Fma(e0, a0, w0);
            s1 += e1;
            w1 = TV.Fma(e1, a1, w1);
            TV e2 = Exp(TV.Load(u + i + (2 * width)), m, k, out TV a2), e3 = Exp(TV.Load(u + i + (3 * width)), m, k, out TV a3);
            s2 += e2;
            w2 = TV.Fma(e2, a2, w2);
            s3 += e3;
            w3 = TV.Fma(e3, a3, w3);
        }

        for (; i <= count - width; i += width)
        {
            TV e = Exp(TV.Load(u + i), m, k, out TV a);
            s0 += e;
            w0 = TV.Fma(e, a, w0);
        }

        weighted = TV.Sum((w0 + w1) + (w2 + w3));
        return TV.Sum((s0 + s1) + (s2 + s3));
    }

    /// <summary>grad = c0 2^a; may overwrite u.</summary>
    public static void Gradient<T, TV>(float* u, T* grad, int count, float max, float slope, float c0)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width, i = 0;
        TV m = TV.Broadcast(max), k = TV.Broadcast(slope), c = TV.Broadcast(c0);
        for (; i <= count - (2 * width); i += 2 * width)
        {
            TV e0 = Exp(TV.Load(u + i), m, k, out _), e1 = Exp(TV.Load(u + i + width), m, k, out _);
            Storage.Store(grad + i, e0 * c);
            Storage.Store(grad + i + width, e1 * c);
        }

        for (; i <= count - width; i += width)
        {
            Storage.Store(grad + i, Exp(TV.Load(u + i), m, k, out _) * c);
        }

        if (i < count)
        {
            TV tail = SimdTail.Load<TV>(u + i, count - i, float.NegativeInfinity);
            Storage.StoreTail(grad + i, Exp(tail, m, k, out _) * c, count - i);
        }
    }

    /// <summary>grad = 2^a (c0 + c1 a); may overwrite u.</summary>
    public static void Gradient<T, TV>(float* u, T* grad, int count, float max, float slope, float c0, float c1)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width, i = 0;
        TV m = TV.Broadcast(max), k = TV.Broadcast(slope), constant = TV.Broadcast(c0), linear = TV.Broadcast(c1);
        for (; i <= count - width; i += width)
        {
            TV e = Exp(TV.Load(u + i), m, k, out TV a);
            Storage.Store(grad + i, e * TV.Fma(linear, a, constant));
        }

        if (i < count)
        {
            TV e = Exp(SimdTail.Load<TV>(u + i, count - i, float.NegativeInfinity), m, k, out TV a);
            Storage.StoreTail(grad + i, e * TV.Fma(linear, a, constant), count - i);
        }
    }

    /// <summary>The same with the cap's derivative 1 − (u / cap)²; a masked −∞ counts as −cap there, so that 0 · ∞ never happens.</summary>
    public static void CappedGradient<T, TV>(float* u, T* grad, int count, float max, float slope, float c0, float c1, float inverseCap)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width;
        TV m = TV.Broadcast(max), k = TV.Broadcast(slope), constant = TV.Broadcast(c0), linear = TV.Broadcast(c1);
        for (int i = 0; i < count; i += width)
        {
            int lanes = Math.Min(width, count - i);
            TV value = lanes == width ? TV.Load(u + i) : SimdTail.Load<TV>(u + i, lanes, float.NegativeInfinity);
            TV e = Exp(value, m, k, out TV a);
            TV y = TV.Max(TV.Broadcast(-1f), value * TV.Broadcast(inverseCap));
            TV result = e * TV.Fma(linear, a, constant) * TV.Fma(TV.Broadcast(0f) - y, y, TV.Broadcast(1f));
            if (lanes == width)
            {
                Storage.Store(grad + i, result);
            }
            else
            {
                Storage.StoreTail(grad + i, result, lanes);
            }
        }
    }

    // The next block is fetched while this one is exponentiated, else memory and arithmetic would take turns. A prefetch never faults.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* u, int count)
    {
        if (Sse.IsSupported)
        {
            for (int i = 0; i < count; i += 16)
            {
                Sse.Prefetch0(u + i + 2048);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Exp<TV>(TV u, TV max, TV slope, out TV a)
        where TV : struct, ISimd<TV> => SimdMath.Exp2NonPositive((u - max) * slope, out a);
}
