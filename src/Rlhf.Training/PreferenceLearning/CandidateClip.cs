using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// A clip that may be asked about. Of a thousand a few are, so frames stay the bytes that they are kept as: 0.2 MB for 25 steps instead of the
/// 2.8 of a segment's floats.
/// </summary>
public sealed class CandidateClip
{
    private readonly Segment _segment;

    internal CandidateClip(RewardClip clip, Segment segment, float[] trueRewards) => (Clip, _segment, TrueRewards) = (clip, segment, trueRewards);

    /// <summary>What a reward model reads.</summary>
    public RewardClip Clip { get; }

    /// <summary>[k] true rewards.</summary>
    public float[] TrueRewards { get; }

    /// <summary>The clip as store and labelers have it.</summary>
    public RecordedClip Record()
    {
        float[] frames = [];
        return new RecordedClip(Segment(ref frames), TrueRewards);
    }

    /// <summary>The segment, its frames in memory that serves for clip after clip: garbage of megabytes is collected late.</summary>
    internal Segment Segment(ref float[] frames)
    {
        if (!_segment.IsPixels)
            return _segment;
        if (frames.Length != _segment.Length * _segment.ObservationLength)
            frames = new float[_segment.Length * _segment.ObservationLength];
        Clip.CopyTo(frames);
        return _segment with { Observations = frames };
    }
}
