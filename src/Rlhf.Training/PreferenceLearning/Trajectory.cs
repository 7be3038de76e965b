using Rlhf.Environments;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>The last steps of one environment, in a ring. Frames are kept as bytes: a quarter of the memory, and nothing lost (values are j/255).</summary>
internal sealed class Trajectory
{
    private readonly int _capacity, _observation, _action;
    private readonly float[]? _vectors;
    private readonly byte[]? _frames;
    private readonly float[] _actions, _rewards, _poses;
    private readonly double[] _states;
    private readonly int[] _age;
    private readonly long[] _step;
    private bool _ended = true;

    public Trajectory(EnvironmentSpec spec, int capacity)
    {
        (_capacity, _observation, _action) = (capacity, spec.ObservationLength, spec.Actions.Length);
        if (spec.IsPixels)
            _frames = new byte[(long)capacity * _observation];
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
        else
            Pack(observation, _frames.AsSpan(slot * _observation, _observation));
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

    /// <summary>Copies k steps out, those that end with one.</summary>
    public (float[] Observations, float[] Actions, float[] Rewards, double[] States, float[] Poses, long Step) Cut(long last, int length)
    {
        float[] observations = new float[length * _observation], actions = new float[length * _action], rewards = new float[length];
        double[] states = new double[length * StateLength];
        float[] poses = new float[length * PoseLength];
        for (int i = 0; i < length; i++)
        {
            int slot = (int)((last - length + 1 + i) % _capacity);
            Span<float> row = observations.AsSpan(i * _observation, _observation);
            if (_vectors is not null)
                _vectors.AsSpan(slot * _observation, _observation).CopyTo(row);
            else
                Unpack(_frames.AsSpan(slot * _observation, _observation), row);
            _actions.AsSpan(slot * _action, _action).CopyTo(actions.AsSpan(i * _action));
            _states.AsSpan(slot * StateLength, StateLength).CopyTo(states.AsSpan(i * StateLength));
            _poses.AsSpan(slot * PoseLength, PoseLength).CopyTo(poses.AsSpan(i * PoseLength));
            rewards[i] = _rewards[slot];
        }

        return (observations, actions, rewards, states, poses, _step[(int)((last - length + 1) % _capacity)]);
    }

    private static void Pack(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
            bytes[i] = (byte)((values[i] * 255f) + 0.5f);
    }

    private static void Unpack(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < bytes.Length; i++)
            values[i] = bytes[i] / 255f;
    }
}
