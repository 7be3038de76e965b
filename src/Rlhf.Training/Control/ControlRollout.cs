using Rlhf.Environments;
using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>
/// T steps of N environments in native memory, time first: row <c>t·N + n</c> of a tall matrix, element <c>[t, n]</c> of a wide one.
/// Observations stand before the step that was taken from them. Memory is taken once and used again for each rollout.
/// </summary>
/// <remarks>
/// Behind the T·N rows of <see cref="Observations"/> and <see cref="Inputs"/> stand the N observations after the last step and those
/// that ended a truncated episode (<see cref="Extras"/> in all), so that all values are one forward pass.
/// </remarks>
public sealed class ControlRollout : IDisposable
{
    private readonly HostBuffer<float> _actions, _floats;
    private readonly HostBuffer<int> _choices;
    private readonly HostBuffer<byte> _bytes;
    private readonly int _observationLength, _actionLength;
    private readonly bool _normalized;
    private readonly HostBuffer<float> _truncationValues;
    private HostBuffer<float> _observations, _inputs;
    private int[] _truncated;

    /// <summary>Zeroed memory for one rollout.</summary>
    /// <param name="spec">Shapes.</param>
    /// <param name="environments">N.</param>
    /// <param name="steps">T.</param>
    /// <param name="normalized">Whether <see cref="Inputs"/> differ from <see cref="Observations"/>.</param>
    public ControlRollout(EnvironmentSpec spec, int environments, int steps, bool normalized)
    {
        (Environments, Steps) = (environments, steps);
        (_observationLength, _actionLength, _normalized) = (spec.ObservationLength, spec.Actions.Length, normalized);

        // An episode that reaches its horizon takes that many steps; a limit that comes sooner makes the buffers grow.
        _truncated = new int[environments * (2 + (steps / Math.Max(1, spec.Horizon)))];
        _observations = new HostBuffer<float>(Capacity * (long)_observationLength);
        _inputs = normalized ? new HostBuffer<float>(Capacity * (long)_observationLength) : _observations;
        _truncationValues = new HostBuffer<float>(Count);
        _actions = new HostBuffer<float>((long)Count * _actionLength);
        _choices = new HostBuffer<int>(spec.Actions.IsDiscrete ? Count : 0);
        _floats = new HostBuffer<float>((6L * Count) + environments);
        _bytes = new HostBuffer<byte>(2L * Count);
    }

    /// <summary>Number of environments (N).</summary>
    public int Environments { get; }

    /// <summary>Steps of each environment (T).</summary>
    public int Steps { get; }

    /// <summary>T · N.</summary>
    public int Count => Steps * Environments;

    /// <summary>Steps that each environment had made in this run before the first one here.</summary>
    public long FirstStep { get; internal set; }

    /// <summary>Rows behind the first <see cref="Count"/>: N last observations, then one for each truncated episode.</summary>
    public int Extras => Environments + Truncated;

    /// <summary>Truncated episodes in this rollout.</summary>
    public int Truncated { get; private set; }

    /// <summary>[T·N, O] raw observations, each before its step.</summary>
    public View<float> Observations => _observations.View(Count, _observationLength);

    /// <summary>[T·N, O] what the policy saw: normalised observations, or the raw ones where it takes those.</summary>
    public View<float> Inputs => _inputs.View(Count, _observationLength);

    /// <summary>[T·N, A] actions as drawn, not clipped to the bounds; or the index of each.</summary>
    public View<float> Actions => _actions.View(Count, _actionLength);

    /// <summary>[T·N] discrete actions as indices; absent for a box.</summary>
    public View<int> Choices => _choices.Length > 0 ? _choices.View(Count) : default;

    /// <summary>[T·N] log-prob of each action under the policy that drew it.</summary>
    public View<float> Logprobs => Vectors.Column(Wide(0));

    /// <summary>[T, N] the environments' own rewards. Only <see cref="TrueReward"/>, logs and oracles read them.</summary>
    public View<float> TrueRewards => Wide(1);

    /// <summary>[T, N] what is learned from: see <see cref="IRewardSource"/>.</summary>
    public View<float> Rewards => Wide(2);

    /// <summary>[T, N] value of each observation.</summary>
    public View<float> Values => Wide(3);

    /// <summary>[T, N] advantages.</summary>
    public View<float> Advantages => Wide(4);

    /// <summary>[T, N] value targets.</summary>
    public View<float> Returns => Wide(5);

    /// <summary>[N] value of the observation after the last step.</summary>
    public unsafe View<float> LastValues => new(_floats.Pointer + (6L * Count), Environments, 1);

    /// <summary>[T, N] where <see cref="Truncations"/> is 1: value of the observation that the episode ended with.</summary>
    public View<float> TruncationValues => _truncationValues.View(Steps, Environments);

    /// <summary>[T, N] 1 where the step ended its episode.</summary>
    public View<byte> Dones => _bytes.View(Steps, Environments);

    /// <summary>[T, N] 1 where the episode was cut by a limit and not ended by the task.</summary>
    public unsafe View<byte> Truncations => new(_bytes.Pointer + Count, Steps, Environments);

    /// <summary>[T·N + Extras, O] all inputs of the value network, in one piece.</summary>
    internal View<float> AllInputs => _inputs.View(Count + Extras, _observationLength);

    /// <summary>[Extras, O] raw observations behind the rollout.</summary>
    internal View<float> ExtraObservations => _observations.View(Count + Extras, _observationLength).SliceRows(Count, Extras);

    /// <summary>[Extras, O] inputs behind the rollout.</summary>
    internal View<float> ExtraInputs => AllInputs.SliceRows(Count, Extras);

    /// <summary>Element <c>t·N + n</c> of each truncated episode's end, in the order of their rows.</summary>
    internal ReadOnlySpan<int> TruncatedElements => _truncated.AsSpan(0, Truncated);

    private int Capacity => Count + Environments + _truncated.Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        _observations.Dispose();
        _inputs.Dispose();
        _truncationValues.Dispose();
        _actions.Dispose();
        _choices.Dispose();
        _floats.Dispose();
        _bytes.Dispose();
    }

    /// <summary>Empties the list of truncated episodes.</summary>
    internal void Begin(long firstStep) => (FirstStep, Truncated) = (firstStep, 0);

    /// <summary>Keeps the last observation of a truncated episode.</summary>
    internal void AddTruncated(int step, int environment, ReadOnlySpan<float> observation)
    {
        if (Truncated == _truncated.Length)
            Grow();
        _truncated[Truncated] = (step * Environments) + environment;
        observation.CopyTo(_observations.Span.Slice((Count + Environments + Truncated) * _observationLength, _observationLength));
        Truncated++;
    }

    private void Grow()
    {
        Array.Resize(ref _truncated, 2 * _truncated.Length);
        var larger = new HostBuffer<float>(Capacity * (long)_observationLength);
        _observations.Span.CopyTo(larger.Span);
        _observations.Dispose();
        _observations = larger;
        if (_normalized)
        {
            var inputs = new HostBuffer<float>(larger.Length);
            _inputs.Span.CopyTo(inputs.Span);
            _inputs.Dispose();
            _inputs = inputs;
        }
        else
        {
            _inputs = _observations;
        }
    }

    private unsafe View<float> Wide(int matrix) => new(_floats.Pointer + ((long)matrix * Count), Steps, Environments);
}
