using Rlhf.Kernels.Memory;

namespace Rlhf.Environments;

/// <summary>
/// N environments of one kind, stepped together on threads. An episode that ends is followed by the next at once: <see cref="Observations"/> then
/// holds the new episode's first, <see cref="FinalObservations"/> the old one's last.
/// </summary>
/// <remarks>
/// The seed of an episode is a function of (seed, environment, episode number), and environments share nothing: the bits are the same for any
/// number of threads. Steps allocate nothing. One caller at a time; views stay where they are until <see cref="Dispose"/>.
/// </remarks>
public sealed unsafe class VectorEnvironment : IDisposable
{
    private readonly IEnvironment[] _environments;
    private readonly StepTeam _team;
    private readonly ulong _seed;
    private readonly HostBuffer<float> _observations, _finalObservations, _rewards;
    private readonly HostBuffer<byte> _terminated, _truncated;
    private readonly bool[] _diverged;
    private readonly long[] _episodes, _lengths;
    private readonly double[] _returns;
    private readonly Action<int> _reset, _step;
    private readonly int _observationLength, _actionLength;
    private ReadOnlyView<float> _actions;
    private bool _started;

    /// <summary>Takes the environments over: they are disposed with this.</summary>
    /// <param name="environments">N environments with the same shapes.</param>
    /// <param name="threads">Threads that step, the caller's included; more than N are not used.</param>
    /// <param name="seed">Decides everything random in every episode.</param>
    public VectorEnvironment(IReadOnlyList<IEnvironment> environments, int threads, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (environments.Count == 0)
            throw new ArgumentException("no environment was given, expected at least one");
        _environments = [.. environments];
        Spec = _environments[0].Spec;
        for (int i = 1; i < Count; i++)
            RequireSameShape(i, _environments[i].Spec);
        _observationLength = Spec.ObservationLength;
        _actionLength = Spec.Actions.Length;
        _seed = seed;
        _observations = new HostBuffer<float>((long)Count * _observationLength);
        _finalObservations = new HostBuffer<float>((long)Count * _observationLength);
        _rewards = new HostBuffer<float>(Count);
        _terminated = new HostBuffer<byte>(Count);
        _truncated = new HostBuffer<byte>(Count);
        _diverged = new bool[Count];
        _episodes = new long[Count];
        _lengths = new long[Count];
        _returns = new double[Count];
        _reset = BeginEpisode;
        _step = StepOne;
        _team = new StepTeam(Math.Min(threads, Count));
    }

    /// <summary>N.</summary>
    public int Count => _environments.Length;

    /// <summary>What one of the environments is.</summary>
    public EnvironmentSpec Spec { get; }

    /// <summary>[N, O] what the next actions answer.</summary>
    public View<float> Observations => _observations.View(Count, _observationLength);

    /// <summary>[N] true rewards of the last step.</summary>
    public View<float> Rewards => _rewards.View(Count);

    /// <summary>[N] 1 where the last step ended the episode by the task's rules, or by divergence.</summary>
    public View<byte> Terminated => _terminated.View(Count);

    /// <summary>[N] 1 where the last step reached the horizon.</summary>
    public View<byte> Truncated => _truncated.View(Count);

    /// <summary>[N, O] the last observation of the episode that the last step ended; other rows mean nothing. After a divergence: the last finite one.</summary>
    public View<float> FinalObservations => _finalObservations.View(Count, _observationLength);

    /// <summary>Episodes that ended so far.</summary>
    public EpisodeStatistics EpisodeStatistics { get; } = new();

    /// <summary>Episodes that ended because the physics or an observation became NaN, infinite or unstable.</summary>
    public long Diverged { get; private set; }

    /// <summary>The last divergence as one line: environment, episode, step, reason; null while there was none.</summary>
    public string? LastDivergence { get; private set; }

    /// <summary>One of the environments, for its state and pose between steps.</summary>
    public IEnvironment this[int i] => _environments[i];

    /// <summary>Number of the episode that an environment is in, from 0.</summary>
    public long Episode(int i) => _episodes[i];

    /// <summary>Begins the next episode everywhere; the first call begins episode 0.</summary>
    public void Reset() => Reset(_started ? _episodes.Max() + 1 : 0);

    /// <summary>Begins an episode by its number everywhere, as a run that is replayed or resumed does.</summary>
    public void Reset(long episode)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(episode);
        Array.Fill(_episodes, episode);
        _terminated.Span.Clear();
        _truncated.Span.Clear();
        _rewards.Span.Clear();
        _started = true;
        _team.Run(Count, _reset);
    }

    /// <summary>
    /// Brings one environment into an episode by doing its first steps again: everything in it is a function of seed and actions. A run that is
    /// resumed does this for each environment.
    /// </summary>
    /// <param name="i">Which environment.</param>
    /// <param name="episode">The episode's number.</param>
    /// <param name="actions">[steps, A] its actions so far, none of which ended it; absent: the episode has just begun.</param>
    public void Replay(int i, long episode, ReadOnlyView<float> actions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(episode);
        _started = true;
        _episodes[i] = episode;
        BeginEpisode(i);
        for (int step = 0; step < actions.Rows; step++)
        {
            StepResult result = _environments[i].Step(new ReadOnlySpan<float>(actions.Row(step), _actionLength), Observation(i));
            if (result.Done || result.Diverged)
                throw new ArgumentException($"environment {i} ({Spec.Id}), episode {episode}: over after {step + 1} of {actions.Rows} replayed steps");
            _returns[i] += result.Reward;
            _lengths[i]++;
        }
    }

    /// <summary>One step of every environment.</summary>
    /// <param name="actions">[N, A] a row each: coordinates, clipped to the box; or an index.</param>
    public void Step(ReadOnlyView<float> actions)
    {
        if (!_started)
            throw new InvalidOperationException("a step before the first Reset");
        if (actions.Rows != Count || actions.Cols != _actionLength)
            throw new ArgumentException($"actions are {actions}, expected [{Count}, {_actionLength}]");
        _actions = actions;
        _team.Run(Count, _step);
        for (int i = 0; i < Count; i++)
            Account(i);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _team.Dispose();
        foreach (IEnvironment environment in _environments)
            environment.Dispose();
        _observations.Dispose();
        _finalObservations.Dispose();
        _rewards.Dispose();
        _terminated.Dispose();
        _truncated.Dispose();
    }

    private Span<float> Observation(int i) => new(_observations.Pointer + ((long)i * _observationLength), _observationLength);

    private Span<float> FinalObservation(int i) => new(_finalObservations.Pointer + ((long)i * _observationLength), _observationLength);

    private void BeginEpisode(int i)
    {
        _returns[i] = 0;
        _lengths[i] = 0;
        _environments[i].Reset(EpisodeRandom.EpisodeSeed(_seed, i, _episodes[i]), Observation(i));
    }

    private void StepOne(int i)
    {
        Span<float> observation = Observation(i), last = FinalObservation(i);
        // Frames are bytes over 255 and always finite; they are large, so they are not kept for the case that they were not.
        if (!Spec.IsPixels)
            observation.CopyTo(last);
        StepResult result = _environments[i].Step(new ReadOnlySpan<float>(_actions.Row(i), _actionLength), observation);
        bool diverged = result.Diverged || !float.IsFinite(result.Reward) || (!Spec.IsPixels && !IsFinite(observation));
        _diverged[i] = diverged;
        float reward = float.IsFinite(result.Reward) ? result.Reward : 0;
        _rewards.Pointer[i] = reward;
        _terminated.Pointer[i] = (byte)(result.Terminated || diverged ? 1 : 0);
        _truncated.Pointer[i] = (byte)(result.Truncated && !diverged ? 1 : 0);
        _returns[i] += reward;
        _lengths[i]++;
        if (diverged || result.Done)
        {
            if (!diverged || Spec.IsPixels)
                observation.CopyTo(last);
            // Account needs the old episode's numbers: they are put back to zero there.
            _environments[i].Reset(EpisodeRandom.EpisodeSeed(_seed, i, _episodes[i] + 1), observation);
        }
    }

    /// <summary>What threads must not do side by side: in the order of the environments, whoever stepped them.</summary>
    private void Account(int i)
    {
        if (_diverged[i])
        {
            Diverged++;
            string reason = (_environments[i] as IDivergenceReason)?.DivergenceReason ?? "a number of the observation or the reward is not finite";
            LastDivergence = $"environment {i} ({Spec.Id}), episode {_episodes[i]}, step {_lengths[i]}: {reason}";
        }

        if ((_terminated.Span[i] | _truncated.Span[i]) == 0)
            return;
        EpisodeStatistics.Add(_returns[i], _lengths[i]);
        _episodes[i]++;
        _returns[i] = 0;
        _lengths[i] = 0;
    }

    private static bool IsFinite(ReadOnlySpan<float> numbers)
    {
        foreach (float number in numbers)
        {
            if (!float.IsFinite(number))
                return false;
        }

        return true;
    }

    private void RequireSameShape(int i, EnvironmentSpec other)
    {
        if (!other.ObservationShape.SequenceEqual(Spec.ObservationShape) || other.Actions.Length != Spec.Actions.Length
            || other.Actions.Choices != Spec.Actions.Choices)
        {
            throw new ArgumentException($"environment {i} ({other.Id}) has other shapes than environment 0 ({Spec.Id})");
        }
    }
}
