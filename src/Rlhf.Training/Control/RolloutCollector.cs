using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Control;

/// <summary>
/// Lets a policy act in the environments. A step is one forward pass of the network over all environments, one sampling kernel, one step
/// of the simulations; nothing is allocated.
/// </summary>
public sealed class RolloutCollector : IDisposable
{
    private const ulong ActionKey = 0x6163_7469; // A stream of its own: "acti".
    private readonly VectorEnvironment _environments;
    private readonly ControlPolicy _policy;
    private readonly IRolloutObserver? _observer;
    private readonly ulong _seed;
    private readonly ActionHistory _history;
    private readonly HostBuffer<long> _sequences;
    private readonly HostBuffer<int> _position = new(1);
    private bool _started;

    /// <summary>Stands before the first step of the run.</summary>
    /// <param name="environments">Stay the caller's; no one else steps them.</param>
    /// <param name="policy">Acts; stays the caller's.</param>
    /// <param name="seed">Of the actions.</param>
    /// <param name="observer">Sees each step.</param>
    public RolloutCollector(VectorEnvironment environments, ControlPolicy policy, ulong seed, IRolloutObserver? observer = null)
    {
        (_environments, _policy, _seed, _observer) = (environments, policy, seed ^ ActionKey, observer);
        _history = new ActionHistory(environments.Count, environments.Spec.Actions.Length);
        _sequences = new HostBuffer<long>(environments.Count);
        for (int n = 0; n < environments.Count; n++)
            _sequences.Span[n] = n;
    }

    /// <summary>Steps that each environment has made.</summary>
    public long Steps { get; private set; }

    /// <summary>Fills a rollout with the next steps; episodes go on from one rollout to the next.</summary>
    public void Collect(ControlRollout rollout)
    {
        if (!_started)
            _environments.Reset();
        _started = true;
        rollout.Begin(Steps);
        for (int step = 0; step < rollout.Steps; step++)
        {
            Act(rollout, step);
            _observer?.Acting(rollout, step, _environments);
            View<float> actions = Rows(rollout.Actions, step);
            _environments.Step(actions);
            Record(rollout, step, actions);
            _observer?.Acted(rollout, step);
            Steps++;
        }

        Vectors.Copy(_environments.Observations, rollout.ExtraObservations.SliceRows(0, rollout.Environments));
        _policy.Normalizer?.Normalize(rollout.ExtraObservations, rollout.ExtraInputs);
    }

    /// <summary>
    /// Writes where each environment stands: its episode, and the actions since that began. Environments are functions of seed and
    /// actions, so nothing of their insides has to be saved.
    /// </summary>
    public void Save(string path) =>
        _history.Save(path, Steps, [.. Enumerable.Range(0, _environments.Count).Select(_environments.Episode)]);

    /// <summary>Brings the environments where <see cref="Save"/> found them, by doing it all again.</summary>
    /// <exception cref="DataFormatException">Not such a file, or of other environments.</exception>
    public void Load(string path)
    {
        (Steps, long[] episodes) = _history.Load(path);
        for (int n = 0; n < _environments.Count; n++)
            _environments.Replay(n, episodes[n], _history.Actions(n));
        _started = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _history.Dispose();
        _sequences.Dispose();
        _position.Dispose();
    }

    private View<T> Rows<T>(View<T> rows, int step)
        where T : unmanaged => rows.SliceRows(step * _environments.Count, _environments.Count);

    private unsafe void Act(ControlRollout rollout, int step)
    {
        View<float> observations = Rows(rollout.Observations, step);
        Vectors.Copy(_environments.Observations, observations);
        _position.Span[0] = checked((int)Steps);
        var draw = new ActionDraw(_seed, _sequences.View(_environments.Count), ReadOnlyView<int>.Vector(_position.Pointer, _environments.Count, stride: 0));
        View<int> choices = rollout.Choices.IsEmpty ? default : Rows(rollout.Choices, step);
        _policy.Sample(observations, Rows(rollout.Inputs, step), draw, Rows(rollout.Actions, step), choices, Rows(rollout.Logprobs, step));
    }

    private void Record(ControlRollout rollout, int step, View<float> actions)
    {
        View<float> rewards = rollout.TrueRewards;
        View<byte> dones = rollout.Dones, truncations = rollout.Truncations;
        for (int n = 0; n < _environments.Count; n++)
        {
            bool terminated = _environments.Terminated[n] != 0, done = terminated || _environments.Truncated[n] != 0;
            rewards[step, n] = _environments.Rewards[n];
            dones[step, n] = (byte)(done ? 1 : 0);
            truncations[step, n] = (byte)(done && !terminated ? 1 : 0);
            if (done && !terminated)
                rollout.AddTruncated(step, n, Vectors.Span(_environments.FinalObservations.SliceRows(n, 1)));
            if (done)
                _history.Clear(n);
            else
                _history.Add(n, Vectors.Span(actions.SliceRows(n, 1)));
        }
    }
}
