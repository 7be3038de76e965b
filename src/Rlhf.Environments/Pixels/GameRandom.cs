using Rlhf.Kernels.Memory;

namespace Rlhf.Environments.Pixels;

/// <summary>The dice of one game: the n-th draw is a function of seed, stream and n.</summary>
internal struct GameRandom(ulong seed, ulong stream)
{
    private ulong _drawn;

    /// <summary>64 random bits, such as the seed of something else.</summary>
    public ulong Bits()
    {
        var (x0, x1, _, _) = Philox.Generate(seed, _drawn++, stream);
        return ((ulong)x1 << 32) | x0;
    }

    /// <summary>A number in [low, high).</summary>
    public float Between(float low, float high) => low + ((high - low) * Philox.Uniform(seed, _drawn++, stream));

    /// <summary>An integer from 0 up to, but not including, a bound.</summary>
    public int Below(int bound) => (int)(((Bits() & uint.MaxValue) * (ulong)bound) >> 32);

    /// <summary>True with a probability.</summary>
    public bool Chance(double probability) => Between(0, 1) < probability;
}
