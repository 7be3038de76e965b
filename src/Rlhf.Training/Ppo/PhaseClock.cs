using System.Diagnostics;

namespace Rlhf.Training.Ppo;

/// <summary>Seconds spent in the named phases of one update.</summary>
internal sealed class PhaseClock
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Seconds by phase, in the order in which they began.</summary>
    public OrderedDictionary<string, double> Seconds { get; } = [];

    /// <summary>Seconds since the clock was made.</summary>
    public double Total => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Runs work and adds its time to a phase.</summary>
    public void Run(string phase, Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        Seconds[phase] = Seconds.GetValueOrDefault(phase) + Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
