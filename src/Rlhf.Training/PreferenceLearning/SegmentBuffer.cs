using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Preferences;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The policy's recent trajectories, out of which clips are cut (Christiano et al. 2017, §2.2.4). A clip never reaches over the end of an
/// episode; where clips begin is uniform over all steps that leave room.
/// </summary>
/// <remarks>Safe to use from several threads: the policy adds, queries are cut.</remarks>
public sealed class SegmentBuffer
{
    private const ulong CutStream = 0x63757431, PeekStream = 0x7065656B;

    // Where nearly all starts are too near the end of an episode, chance misses them; after so many attempts all are looked at.
    private const int Attempts = 1000;
    private readonly EnvironmentSpec _spec;
    private readonly RewardInput _input;
    private readonly Trajectory[] _trajectories;
    private readonly Lock _lock = new();
    private readonly ulong _seed;

    /// <summary>An empty buffer.</summary>
    /// <param name="spec">What is recorded.</param>
    /// <param name="environments">N.</param>
    /// <param name="capacity">Steps that are kept, of all environments together.</param>
    /// <param name="seed">Decides which clips are cut.</param>
    public SegmentBuffer(EnvironmentSpec spec, int environments, int capacity, ulong seed)
    {
        if (capacity / environments < spec.ClipLength)
            throw new ArgumentException($"{capacity} steps of {environments} environments, expected room for clips of {spec.ClipLength} steps of each", nameof(capacity));
        (_spec, _input, _seed) = (spec, new RewardInput(spec), seed);
        _trajectories = [.. Enumerable.Range(0, environments).Select(_ => new Trajectory(spec, capacity / environments))];
    }

    /// <summary>Steps ever added.</summary>
    public long Steps { get; private set; }

    /// <summary>Steps of the longest clip that could be cut: what is still there of the longest episode.</summary>
    public int Longest
    {
        get
        {
            lock (_lock)
                return _trajectories.Max(trajectory => trajectory.Longest);
        }
    }

    /// <summary>Different clips that could be cut.</summary>
    /// <param name="length">k, steps.</param>
    public int Places(int length)
    {
        lock (_lock)
            return _trajectories.Sum(trajectory => trajectory.Places(length).Count());
    }

    /// <summary>Clips ever cut: the position in the stream of chance.</summary>
    public long Cuts { get; set; }

    /// <summary>Adds a rollout.</summary>
    /// <param name="rollout">T steps of N environments.</param>
    /// <param name="states">[T·N, state] as captured before each step; may be empty where there are none.</param>
    /// <param name="poses">[T·N, pose], likewise.</param>
    /// <param name="firstStep">Environment steps of the run before this rollout.</param>
    public void Add(ControlRollout rollout, ReadOnlySpan<double> states, ReadOnlySpan<float> poses, long firstStep)
    {
        ReadOnlySpan<float> observations = Vectors.Span(rollout.Observations), actions = Vectors.Span(rollout.Actions);
        View<float> rewards = rollout.TrueRewards;
        View<byte> dones = rollout.Dones;
        int n = rollout.Environments, o = _spec.ObservationLength, a = _spec.Actions.Length, s = _spec.StateLength, p = _spec.PoseLength;
        lock (_lock)
        {
            for (int row = 0; row < rollout.Count; row++)
            {
                _trajectories[row % n].Append(
                    firstStep + row,
                    observations.Slice(row * o, o),
                    actions.Slice(row * a, a),
                    rewards[row / n, row % n],
                    dones[row / n, row % n] != 0,
                    states.Slice(row * s, s),
                    poses.Slice(row * p, p));
            }

            Steps += rollout.Count;
        }
    }

    /// <summary>The next rollout is not the continuation of the last: environments were begun anew.</summary>
    public void Break()
    {
        lock (_lock)
        {
            foreach (Trajectory trajectory in _trajectories)
                trajectory.Break();
        }
    }

    /// <summary>Cuts clips at random. Fewer come back where there is no place to cut.</summary>
    /// <param name="count">How many.</param>
    /// <param name="length">k, steps.</param>
    /// <param name="runId">The store's run that they are for.</param>
    public IReadOnlyList<CandidateClip> Cut(int count, int length, long runId)
    {
        List<CandidateClip> clips = [];
        lock (_lock)
        {
            for (int i = 0; i < count && Place(length, CutStream, Cuts) is { } place; i++)
            {
                Cuts++;
                clips.Add(Take(place.Trajectory, place.Last, length, runId));
            }
        }

        return clips;
    }

    /// <summary>Cuts one clip that no query is about: for showing. Does not move the stream of chance; null where there is no place to cut.</summary>
    /// <param name="number">Which one.</param>
    /// <param name="length">k, steps.</param>
    /// <param name="runId">The store's run.</param>
    public RecordedClip? Peek(long number, int length, long runId)
    {
        lock (_lock)
            return Place(length, PeekStream, number) is { } place ? Take(place.Trajectory, place.Last, length, runId).Record() : null;
    }

    private CandidateClip Take(Trajectory trajectory, long last, int length, long runId)
    {
        var cut = trajectory.Cut(last, length);
        var segment = new Segment
        {
            RunId = runId,
            Step = cut.Step,
            Length = length,
            ObservationShape = _spec.ObservationShape,
            Observations = cut.Vectors,
            Actions = cut.Actions,
            States = cut.States,
            Poses = cut.Poses,
        };
        return new CandidateClip(_spec.IsPixels ? new RewardClip(_input, cut.Frames) : new RewardClip(_input, segment), segment, cut.Rewards);
    }

    private (Trajectory Trajectory, long Last)? Place(int length, ulong stream, long number)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            (uint x0, uint x1, uint x2, _) = Philox.Generate(_seed, (ulong)number, (stream << 32) | (uint)attempt);
            Trajectory trajectory = _trajectories[(int)(((ulong)x0 * (ulong)_trajectories.Length) >> 32)];
            long last = trajectory.First + (long)Math.BigMul(((ulong)x2 << 32) | x1, (ulong)(trajectory.Count - trajectory.First), out _);
            if (trajectory.Count > 0 && trajectory.HoldsClip(last, length))
                return (trajectory, last);
        }

        (Trajectory Trajectory, long Last)[] places = [.. _trajectories.SelectMany(trajectory => trajectory.Places(length), (trajectory, last) => (trajectory, last))];
        uint chance = Philox.Generate(_seed, (ulong)number, (stream << 32) | Attempts).X0;
        return places.Length > 0 ? places[(int)(((ulong)chance * (ulong)places.Length) >> 32)] : null;
    }
}
