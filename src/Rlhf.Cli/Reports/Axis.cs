namespace Rlhf.Cli.Reports;

/// <summary>One side of a chart: its ends, and ticks at round numbers between them.</summary>
internal readonly record struct Axis(double First, double Last, double Step)
{
    private const int Intervals = 5;

    /// <summary>An axis over some values; rounded, it ends at ticks.</summary>
    public static Axis Over(IEnumerable<double> values, bool round)
    {
        double first = double.PositiveInfinity, last = double.NegativeInfinity;
        foreach (double value in values)
            (first, last) = (Math.Min(first, value), Math.Max(last, value));

        // A single value still needs a length; relative, since 1e-9 next to 1e9 is none.
        if (last - first <= 1e-9 * Math.Max(Math.Abs(first), Math.Abs(last)))
            (first, last) = (first - 0.5, last + 0.5);
        double step = RoundStep((last - first) / Intervals);
        return round ? new Axis(Math.Floor(first / step) * step, Math.Ceiling(last / step) * step, step) : new Axis(first, last, step);
    }

    /// <summary>Where a value lies, 0 … 1.</summary>
    public double Share(double value) => (value - First) / (Last - First);

    /// <summary>The round numbers on the axis.</summary>
    public IEnumerable<double> Ticks()
    {
        // Counted, not added up: 0.1 ten times is not 1, and a tick of 1e-17 is to read 0.
        for (double index = Math.Ceiling((First / Step) - 1e-6); (index * Step) <= Last + (Step * 1e-6); index++)
            yield return (index * Step) + 0.0; // −0 becomes 0.
    }

    private static double RoundStep(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return (least / power) switch
        {
            <= 1.0000001 => power,
            <= 2 => 2 * power,
            <= 5 => 5 * power,
            _ => 10 * power,
        };
    }
}
