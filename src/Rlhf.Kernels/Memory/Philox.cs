using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Memory;

/// <summary>
/// Philox4x32-10, the counter-based generator of Salmon et al. 2011 ("Parallel random numbers: as easy as 1, 2, 3"):
/// a pure function of key and counter, so a draw depends on its own coordinates and on nothing drawn before.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>128 random bits for a 64-bit key and a 128-bit counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Generate(ulong key, ulong counterLow, ulong counterHigh)
    {
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        uint c0 = (uint)counterLow, c1 = (uint)(counterLow >> 32);
        uint c2 = (uint)counterHigh, c3 = (uint)(counterHigh >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * c0, product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = (
                (uint)(product1 >> 32) ^ c1 ^ k0,
                (uint)product1,
                (uint)(product0 >> 32) ^ c3 ^ k1,
                (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>A uniform number in [0, 1) with 24 random bits: an exact f32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(ulong key, ulong counterLow, ulong counterHigh) =>
        (Generate(key, counterLow, counterHigh).X0 >> 8) * (1f / (1 << 24));

    /// <summary>A uniform number in [0, 1) with 53 random bits: fine enough to reach every token of a large vocabulary.</summary>
    public static double UniformDouble(ulong key, ulong counterLow, ulong counterHigh)
    {
        var (x0, x1, _, _) = Generate(key, counterLow, counterHigh);
        return ((((ulong)x0 << 32) | x1) >> 11) * (1.0 / (1L << 53));
    }
}
