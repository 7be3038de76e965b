namespace Rlhf.Cli.Reports;

/// <summary>The same curve from several seeds as one: their mean, and the band between the lowest and the highest.</summary>
internal static class SeedCurves
{
    private const int Bins = 60;

    /// <summary>
    /// Bins of equal width over all of x. A bin averages a seed's points within it, then the seeds; where a seed has no point, the others
    /// stand alone.
    /// </summary>
    public static Curve Merge(string name, IReadOnlyList<IReadOnlyList<CurvePoint>> seeds, bool dashed = false)
    {
        List<CurvePoint> all = [.. seeds.SelectMany(seed => seed).Where(point => double.IsFinite(point.Y))];
        if (all.Count == 0)
            return new Curve(name, [], dashed);
        double last = all.Max(point => point.X), width = Math.Max(last, 1e-9) / Bins;
        List<CurvePoint> points = [];
        List<(double, double)> band = [];
        foreach (IGrouping<int, CurvePoint[]> bin in seeds
            .SelectMany(seed => seed.Where(point => double.IsFinite(point.Y)).GroupBy(point => Math.Min(Bins - 1, (int)(point.X / width))))
            .GroupBy(group => group.Key, group => group.ToArray())
            .OrderBy(group => group.Key))
        {
            double[] values = [.. bin.Select(seed => seed.Average(point => point.Y))];
            points.Add(new CurvePoint(bin.SelectMany(seed => seed).Average(point => point.X), values.Average()));
            band.Add((values.Min(), values.Max()));
        }

        return new Curve(name, points, dashed) { Band = seeds.Count > 1 ? band : [] };
    }

    /// <summary>Mean over the last tenth of a curve's x: what a run came to, less its last batch's luck.</summary>
    public static double Final(IReadOnlyList<CurvePoint> curve) => LastTenth(curve).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The finite values over the last tenth of a curve's x.</summary>
    public static IEnumerable<double> LastTenth(IReadOnlyList<CurvePoint> curve) =>
        curve.Where(point => point.X >= 0.9 * curve[^1].X && double.IsFinite(point.Y)).Select(point => point.Y);
}
