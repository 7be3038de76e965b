using Rlhf.Environments;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>The last steps of one environment, in a ring.</summary>
internal sealed class Trajectory
{
    private readonly int _capacity, _observation, _action;
    private readonly float[]? _vectors;
    private readonly FrameRing? _frames;
    private readonly float[] _actions, _rewards, _poses;
    private readonly double[] _states;
    private readonly int[] _age;
    private readonly long[] _step;
    private bool _ended = true;

    public Trajectory(EnvironmentSpec spec, int capacity)
    {
        (_capacity, _observation, _action) = (capacity, spec.ObservationLength, spec.Actions.Length);
        if (spec.IsPixels)
            _frames = new FrameRing(capacity, spec.ObservationShape[0], _observation / spec.ObservationShape[0]);
        else
            _vectors = new float[(long)capacity * _observation];
        _actions = new float[capacity * _action];
        _rewards = new float[capacity];
        _states = new double[capacity * spec.StateLength];
        _poses = new float[capacity * spec.PoseLength];
        _age = new int[capacity];
        _step = new long[capacity];
        (StateLength, PoseLength) = (spec.StateLength, spec.PoseLength);
    }

    /// <summary>Steps ever taken in.</summary>
    public long Count { get; private set; }

    private int StateLength { get; }

    private int PoseLength { get; }

    public void Append(
        long step, ReadOnlySpan<float> observation, ReadOnlySpan<float> action, float reward, bool done, ReadOnlySpan<double> state, ReadOnlySpan<float> pose)
    {
        int slot = (int)(Count % _capacity);
        if (_vectors is not null)
            observation.CopyTo(_vectors.AsSpan(slot * _observation));
        _frames?.Append(Count, observation);
        action.CopyTo(_actions.AsSpan(slot * _action));
        state.CopyTo(_states.AsSpan(slot * StateLength));
        pose.CopyTo(_poses.AsSpan(slot * PoseLength));
        (_rewards[slot], _step[slot]) = (reward, step);
        _age[slot] = _ended ? 1 : _age[(int)((Count - 1) % _capacity)] + 1;
        _ended = done;
        Count++;
    }

    /// <summary>Whether the k steps that end with one lie in the ring and in one episode.</summary>
    public bool HoldsClip(long last, int length) =>
        last < Count && last - length + 1 >= Math.Max(0, Count - _capacity) && _age[(int)(last % _capacity)] >= length;

    /// <summary>Steps of the longest clip that could be cut.</summary>
    public int Longest
    {
        get
        {
            long longest = 0;
            for (long last = First; last < Count; last++)
                longest = Math.Max(longest, Math.Min(_age[(int)(last % _capacity)], last - First + 1));
            return (int)longest;
        }
    }

    /// <summary>The last steps of all clips that could be cut.</summary>
    public IEnumerable<long> Places(int length)
    {
        for (long last = First; last < Count; last++)
        {
            if (HoldsClip(last, length))
                yield return last;
        }
    }

    /// <summary>First step that is still there.</summary>
    public long First => Math.Max(0, Count - _capacity);

    /// <summary>What does not belong together is not joined: the next step begins an episode.</summary>
    public void Break() => _ended = true;

    /// <summary>Copies k steps out, those that end with one. Frames stay bytes; of both kinds of observations one is empty.</summary>
    public (float[] Vectors, byte[] Frames, float[] Actions, float[] Rewards, double[] States, float[] Poses, long Step) Cut(long last, int length)
    {
        float[] vectors = new float[_vectors is null ? 0 : length * _observation], actions = new float[length * _action], rewards = new float[length];
        byte[] frames = new byte[_frames is null ? 0 : length * _observation];
        double[] states = new double[length * StateLength];
        float[] poses = new float[length * PoseLength];
        for (int i = 0; i < length; i++)
        {
            int slot = (int)((last - length + 1 + i) % _capacity);
            _vectors?.AsSpan(slot * _observation, _observation).CopyTo(vectors.AsSpan(i * _observation));
            _frames?.Read(last - length + 1 + i, frames.AsSpan(i * _observation, _observation));
            _actions.AsSpan(slot * _action, _action).CopyTo(actions.AsSpan(i * _action));
            _states.AsSpan(slot * StateLength, StateLength).CopyTo(states.AsSpan(i * StateLength));
            _poses.AsSpan(slot * PoseLength, PoseLength).CopyTo(poses.AsSpan(i * PoseLength));
            rewards[i] = _rewards[slot];
        }

        return (vectors, frames, actions, rewards, states, poses, _step[(int)((last - length + 1) % _capacity)]);
    }
}
