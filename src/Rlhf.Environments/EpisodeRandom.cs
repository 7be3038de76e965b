using Rlhf.Kernels.Memory;

namespace Rlhf.Environments;

/// <summary>The draws of one episode: a function of its seed and of how many came before.</summary>
internal struct EpisodeRandom(ulong seed)
{
    // Keeps these draws apart from others that may be keyed by the same seed.
    private const ulong Stream = 0x656E7669726F6E00;
    private ulong _drawn;

    /// <summary>The seed of one of many episodes.</summary>
    public static ulong EpisodeSeed(ulong seed, int environment, long episode)
    {
        var (x0, x1, _, _) = Philox.Generate(seed, (ulong)episode, Stream ^ (uint)environment);
        return ((ulong)x0 << 32) | x1;
    }

    /// <summary>Uniform in [low, high).</summary>
    public double Uniform(double low, double high) => low + ((high - low) * Philox.UniformDouble(seed, _drawn++, Stream));

    /// <summary>Standard normal, by Box and Muller.</summary>
    public double Normal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(0, 1)));
        return radius * Math.Cos(2 * Math.PI * Uniform(0, 1));
    }

    /// <summary>Uniform in ±<paramref name="size"/>, added to each number.</summary>
    public void Shake(Span<double> numbers, double size)
    {
        foreach (ref double number in numbers)
            number += Uniform(-size, size);
    }

    /// <summary>Normal with standard deviation <paramref name="size"/>, added to each number.</summary>
    public void ShakeNormal(Span<double> numbers, double size)
    {
        foreach (ref double number in numbers)
            number += size * Normal();
    }
}
