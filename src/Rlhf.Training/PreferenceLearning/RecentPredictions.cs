namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The last predictions of each member, by which rewards are brought to scale. A batch that fills the ring is normalised by itself alone, as
/// the batches of TRPO are; the short ones of A2C are normalised with those before them.
/// </summary>
internal sealed class RecentPredictions(int members, int capacity)
{
    private readonly float[] _ring = new float[members * capacity];
    private long _count;

    /// <summary>Adds predictions [M, N] and returns the scale of what is kept.</summary>
    public RewardScale Scale(ReadOnlySpan<float> predictions, double deviation)
    {
        int rows = predictions.Length / members, kept = Math.Min(rows, capacity);
        for (int m = 0; m < members; m++)
        {
            for (int i = rows - kept; i < rows; i++)
                _ring[(m * capacity) + (int)((_count + i) % capacity)] = predictions[(m * rows) + i];
        }

        _count += rows;
        if (_count >= capacity)
            return RewardScale.Of(_ring, members, deviation);
        int filled = (int)_count;
        float[] part = new float[members * filled];
        for (int m = 0; m < members; m++)
            _ring.AsSpan(m * capacity, filled).CopyTo(part.AsSpan(m * filled));
        return RewardScale.Of(part, members, deviation);
    }
}
