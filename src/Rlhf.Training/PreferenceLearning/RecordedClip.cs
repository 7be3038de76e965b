using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>A segment that was cut out of recent trajectories, with what only an oracle may see beside it.</summary>
/// <param name="Segment">What labelers and reward model see.</param>
/// <param name="TrueRewards">[k] true rewards.</param>
public sealed record RecordedClip(Segment Segment, float[] TrueRewards);
