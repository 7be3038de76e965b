using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// What happens to raw logits before the softmax, in this order:
/// <c>z = softCap(logits · LogitScale) / Temperature</c> with <c>softCap(x) = SoftCap · tanh(x / SoftCap)</c>.
/// A logit of −∞ is a masked token: it stays −∞ through the cap. Gradients are with respect to the raw logits.
/// </summary>
public readonly struct LogitTransform
{
    private readonly float? _temperature, _logitScale;

    /// <summary>Divides the logits; finite and above 0. Default 1.</summary>
    public float Temperature
    {
        get => _temperature ?? 1f;
        init => _temperature = value;
    }

    /// <summary>Multiplies the raw logits before the cap; finite and above 0. Default 1.</summary>
    public float LogitScale
    {
        get => _logitScale ?? 1f;
        init => _logitScale = value;
    }

    /// <summary>Bound of the tanh soft cap; 0 (the default) for none.</summary>
    public float SoftCap { get; init; }

    /// <summary>Throws where a member is out of its range.</summary>
    public void Validate()
    {
        Require.Positive(Temperature);
        Require.Positive(LogitScale);
        Require.NonNegative(SoftCap);
    }
}
