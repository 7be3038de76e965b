namespace Rlhf.Training.Control;

/// <summary>The layers that see frames.</summary>
public enum PixelTrunk
{
    /// <summary>8×8/4 of 32, 4×4/2 of 64, 3×3/1 of 64, 512 units (Mnih et al. 2015): 1.7 M weights for 84×84 frames.</summary>
    Mnih2015,

    /// <summary>8×8/4 of 16, 4×4/2 of 32, 256 units (Mnih et al. 2013): a third of the work.</summary>
    Mnih2013,
}

/// <summary>What a policy's network is made of.</summary>
public sealed record PolicyConfig
{
    /// <summary>Units of the hidden tanh layers over a vector. Default 64, 64 (Schulman et al. 2017).</summary>
    public IReadOnlyList<int> HiddenSizes { get; init; } = [64, 64];

    /// <summary>The layers over frames, shared by policy and value. Default Mnih et al. 2015 (Christiano et al. 2017, A.2).</summary>
    public PixelTrunk Trunk { get; init; }

    /// <summary>Gain of the orthogonal output layer. Default 0.01 (Huang et al. 2022): the first policy hardly looks at the observation.</summary>
    public double OutputGain { get; init; } = 0.01;

    /// <summary>First log standard deviation of each action, in units of the action. Default 0 (Huang et al. 2022).</summary>
    public double InitialLogStd { get; init; }

    /// <summary>Normalise vector observations by their running moments. Default on; frames are taken as they are.</summary>
    public bool NormalizeObservations { get; init; } = true;
}
