using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences;

/// <summary>
/// The true rewards of a store's segments, for oracles and diagnostics. A class of its own, so that what learns from comparisons cannot
/// read them by accident: nothing else in this room gives them out.
/// </summary>
/// <param name="store">The store that has the segments.</param>
public sealed class TrueRewardBook(PreferenceStore store)
{
    /// <summary>Adds the rewards [k] of a segment; those of a segment that has some stay.</summary>
    public void Add(long segmentId, float[] rewards) => Add([(segmentId, rewards)]);

    /// <summary>Adds the rewards of several segments in one transaction.</summary>
    public void Add(IReadOnlyList<(long SegmentId, float[] Rewards)> rewards) => store.Write(database =>
    {
        foreach ((long segment, float[] values) in rewards)
        {
            long length = database.Number("SELECT length FROM segments WHERE id = $0", segment)
                ?? throw new ArgumentException($"segment {segment}: not in the store");
            if (values.Length != length)
                throw new ArgumentException($"segment {segment}: {values.Length} rewards, expected {length}");
            database.Execute(
                "INSERT INTO true_rewards (segment, total, rewards) VALUES ($0, $1, $2) ON CONFLICT DO NOTHING",
                segment, Sum(values), Blobs.Pack(values));
        }

        return true;
    });

    /// <summary>The rewards [k] of a segment; null where none were added.</summary>
    public float[]? Rewards(long segmentId) => store.Read(database => database.First(
        "SELECT rewards FROM true_rewards WHERE segment = $0", row => Blobs.Unpack<float>(row.Blob(0)), segmentId));

    /// <summary>The undiscounted sum of a segment's rewards; null where none were added.</summary>
    public double? Total(long segmentId) => store.Read(database => database.First<double?>(
        "SELECT total FROM true_rewards WHERE segment = $0", row => row.GetDouble(0), segmentId));

    private static double Sum(float[] values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += value;
        return sum;
    }
}
