namespace Rlhf.Environments;

/// <summary>Returns and lengths of the episodes that ended, in the order in which they did (within a step: by environment).</summary>
public sealed class EpisodeStatistics
{
    private const int Window = 100;
    private readonly double[] _returns = new double[Window];
    private readonly double[] _lengths = new double[Window];
    private double _sum, _lengthSum, _lowest, _highest;
    private long _taken;

    /// <summary>Episodes since the beginning.</summary>
    public long Finished { get; private set; }

    /// <summary>Return of the last episode; NaN before the first.</summary>
    public double LastReturn { get; private set; } = double.NaN;

    /// <summary>Mean return of the last 100 episodes; NaN before the first.</summary>
    public double MeanReturn => Mean(_returns);

    /// <summary>Mean length of the last 100 episodes, in steps; NaN before the first.</summary>
    public double MeanLength => Mean(_lengths);

    /// <summary>The episodes that ended since the last call.</summary>
    public EpisodeSummary Take()
    {
        long count = Finished - _taken;
        EpisodeSummary summary = count == 0
            ? new EpisodeSummary(0, double.NaN, double.NaN, double.NaN, double.NaN)
            : new EpisodeSummary(count, _sum / count, _lowest, _highest, _lengthSum / count);
        _taken = Finished;
        _sum = _lengthSum = 0;
        return summary;
    }

    internal void Add(double episodeReturn, long length)
    {
        bool first = Finished == _taken;
        _lowest = first ? episodeReturn : Math.Min(_lowest, episodeReturn);
        _highest = first ? episodeReturn : Math.Max(_highest, episodeReturn);
        _sum += episodeReturn;
        _lengthSum += length;
        _returns[Finished % Window] = LastReturn = episodeReturn;
        _lengths[Finished % Window] = length;
        Finished++;
    }

    private double Mean(double[] numbers)
    {
        int count = (int)Math.Min(Finished, Window);
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += numbers[i];
        return sum / count;
    }
}
