using System.Diagnostics;

namespace Rlhf.Benchmarks.Harness;

/// <summary>One side of a comparison. Its times come from rounds that alternate with those of the other sides.</summary>
/// <param name="name">What is timed.</param>
/// <param name="run">Runs it so many times and gives the seconds that took.</param>
internal sealed class Contestant(string name, Func<int, double> run)
{
    /// <summary>Seconds of a round unless given: long enough for the clock and the scheduler, short enough that a disturbance hits few rounds.</summary>
    public const double RoundSeconds = 0.03;

    private readonly List<double> _seconds = [];
    private int _count;

    /// <summary>What is timed.</summary>
    public string Name { get; } = name;

    /// <summary>Median seconds of one run.</summary>
    public double Median
    {
        get
        {
            double[] sorted = [.. _seconds.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    /// <summary>A contestant in this process.</summary>
    public static Contestant Of(string name, Action once) => new(name, count =>
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            once();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    });

    /// <summary>Alternates the contestants for a number of rounds, after each has been warmed up.</summary>
    /// <param name="contestants">The sides.</param>
    /// <param name="rounds">How many.</param>
    /// <param name="seconds">Least length of a round of one side.</param>
    public static void Compete(IReadOnlyList<Contestant> contestants, int rounds, double seconds = RoundSeconds)
    {
        foreach (Contestant contestant in contestants)
        {
            contestant.WarmUp(seconds);
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (Contestant contestant in contestants)
            {
                contestant.Round();
            }
        }
    }

    private void WarmUp(double seconds)
    {
        double once = run(1);
        // Small calls must see the last tier of compilation, which comes in the background after 30 calls and 0.1 s.
        for (long start = Stopwatch.GetTimestamp(); once < 0.3 && Stopwatch.GetElapsedTime(start).TotalSeconds < 0.3;)
        {
            int count = once < 1e-4 ? 1000 : 1;
            once = run(count) / count;
            Thread.Sleep(5);
        }

        _count = (int)Math.Clamp(Math.Ceiling(seconds / once), 1, 1_000_000);
    }

    private void Round()
    {
        // Thread pools of the one before (OpenMP, OpenBLAS) spin for up to 30 ms before they sleep.
        Thread.Sleep(60);
        if (_count > 1 || _seconds.Count == 0 || _seconds[^1] < 0.5)
        {
            run(1);
        }

        _seconds.Add(run(_count) / _count);
    }
}
