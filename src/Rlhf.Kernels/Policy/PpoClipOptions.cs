using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>Settings of the clipped surrogate loss (Schulman et al. 2017, eq. 7) and of its later variants.</summary>
public readonly struct PpoClipOptions
{
    private readonly float? _clipLow, _clipHigh, _logRatioLimit;

    /// <summary>The ratio is clipped to [1 − ClipLow, 1 + ClipHigh]. Default 0.2 (TRL, N+, verl).</summary>
    public float ClipLow
    {
        get => _clipLow ?? 0.2f;
        init => _clipLow = value;
    }

    /// <summary>Upper clip distance; larger than <see cref="ClipLow"/> is DAPO's clip-higher. Default 0.2.</summary>
    public float ClipHigh
    {
        get => _clipHigh ?? 0.2f;
        init => _clipHigh = value;
    }

    /// <summary>Dual clip (Ye et al. 2020, eq. 5): where the advantage is negative the loss is at most −DualClip · advantage. Above 1; 0 (the default) for none.</summary>
    public float DualClip { get; init; }

    /// <summary>The log-ratio is clamped to ± this before the exponential; beyond it the gradient is 0. Default 20 (OpenRLHF).</summary>
    public float LogRatioLimit
    {
        get => _logRatioLimit ?? 20f;
        init => _logRatioLimit = value;
    }

    /// <summary>Throws where a member is out of its range.</summary>
    public void Validate()
    {
        Require.Within(ClipLow, 0f, 1f);
        Require.NonNegative(ClipHigh);
        Require.Within(LogRatioLimit, 0f, 88f);
        if (DualClip != 0f && !(DualClip > 1f && float.IsFinite(DualClip)))
        {
            throw new ArgumentException($"DualClip is {DualClip}, expected 0 (off) or a finite number greater than 1");
        }
    }
}
