using Rlhf.Environments;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// What a reward model looks at in one step: observation and action where observations are vectors, the stacked frames alone where they are
/// pixels (Christiano et al. 2017, footnote 1).
/// </summary>
/// <remarks>An action is what the environment made of it: clipped to the bounds of a box, one-hot where discrete.</remarks>
public sealed class RewardInput
{
    private readonly ActionSpace _actions;

    /// <summary>The inputs that belong to an environment.</summary>
    public RewardInput(EnvironmentSpec spec)
    {
        _actions = spec.Actions;
        Environment = spec.Id;
        IsPixels = spec.IsPixels;
        ObservationLength = spec.ObservationLength;
        Shape = IsPixels ? [.. spec.ObservationShape] : [ObservationLength + _actions.PolicyOutputs];
    }

    /// <summary>Id of the environment.</summary>
    public string Environment { get; }

    /// <summary>Shape of one row: [I], or [channels, height, width].</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Whether a row is a stack of frames.</summary>
    public bool IsPixels { get; }

    /// <summary>I, floats of one row.</summary>
    public int Length => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Floats of one observation.</summary>
    public int ObservationLength { get; }

    /// <summary>Floats of one action as the environment takes it.</summary>
    public int ActionLength => _actions.Length;

    /// <summary>Writes rows.</summary>
    /// <param name="observations">[N, observation].</param>
    /// <param name="actions">[N, action].</param>
    /// <param name="rows">[N, I] result.</param>
    public void Encode(ReadOnlySpan<float> observations, ReadOnlySpan<float> actions, Span<float> rows)
    {
        if (IsPixels)
        {
            observations.CopyTo(rows);
            return;
        }

        int count = observations.Length / ObservationLength, width = Length, outputs = _actions.PolicyOutputs;
        for (int i = 0; i < count; i++)
        {
            Span<float> row = rows.Slice(i * width, width);
            observations.Slice(i * ObservationLength, ObservationLength).CopyTo(row);
            Encode(actions.Slice(i * ActionLength, ActionLength), row[^outputs..]);
        }
    }

    private void Encode(ReadOnlySpan<float> action, Span<float> encoded)
    {
        if (_actions.IsDiscrete)
        {
            encoded.Clear();
            encoded[(int)action[0]] = 1;
            return;
        }

        for (int i = 0; i < encoded.Length; i++)
            encoded[i] = Math.Clamp(action[i], _actions.Low[i], _actions.High[i]);
    }
}
