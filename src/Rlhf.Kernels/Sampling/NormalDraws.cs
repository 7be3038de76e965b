using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sampling;

/// <summary>Standard normal numbers from Philox words by Box and Muller's transform, an element a lane.</summary>
internal static unsafe class NormalDraws
{
    private const float Unit = 1f / (1 << 24);

    /// <summary>
    /// The uniform numbers of a row: for each column the radius' u in (0, 1] and the angle in turns, in [−¼, 1). A pair of columns shares
    /// both, a quarter turn apart: cosine and sine.
    /// </summary>
    public static void Uniforms(ulong seed, long sequence, int step, int cols, float* radii, float* turns)
    {
        for (int col = 0; col < cols; col += 4)
        {
            ulong block = (ulong)(col / 4) + 1;
            var (x0, x1, x2, x3) = Philox.Generate(seed, (ulong)sequence, (uint)step | (block << 32));
            Pair(x0, x1, col, cols, radii, turns);
            Pair(x2, x3, col + 2, cols, radii, turns);
        }
    }

    /// <summary>sqrt(−2 ln u) cos(2π t).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Normal<TV>(TV u, TV turns)
        where TV : struct, ISimd<TV>
    {
        TV radius = TV.Sqrt(SimdMath.Log(u) * TV.Broadcast(-2f));

        // cos(2π t) = sin(π/2 y) with y = 1 − 4 |t| for t in [−½, ½]; both steps are exact.
        TV y = TV.Broadcast(1f) - (TV.Abs(turns - TV.RoundToIntegral(turns)) * TV.Broadcast(4f));
        TV z = y * y;

        // Taylor's series; the next term is under 7e-10.
        TV p = TV.Broadcast(5.6921729e-8f);
        p = TV.Fma(p, z, TV.Broadcast(-3.5988432e-6f));
        p = TV.Fma(p, z, TV.Broadcast(1.6044118e-4f));
        p = TV.Fma(p, z, TV.Broadcast(-4.6817541e-3f));
        p = TV.Fma(p, z, TV.Broadcast(7.9692626e-2f));
        p = TV.Fma(p, z, TV.Broadcast(-6.4596410e-1f));
        p = TV.Fma(p, z, TV.Broadcast(1.5707963f));
        return radius * (p * y);
    }

    private static void Pair(uint radius, uint turn, int col, int cols, float* radii, float* turns)
    {
        float u = ((radius >> 8) + 1) * Unit, t = (turn >> 8) * Unit;
        if (col < cols)
        {
            (radii[col], turns[col]) = (u, t);
        }

        if (col + 1 < cols)
        {
            (radii[col + 1], turns[col + 1]) = (u, t - 0.25f);
        }
    }
}
