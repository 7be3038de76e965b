namespace Rlhf.Models.Generation;

/// <summary>When sequences end and how results are padded.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens to generate a sequence.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>A sequence ends with the first of these, which belongs to it. Default none: all run to <see cref="MaxNewTokens"/>.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>Token after a sequence's end. Default 0.</summary>
    public int PadToken { get; init; }

    /// <summary>Identity of the first sequence for the sampler's random numbers; the others count on from it. Default 0.</summary>
    public long FirstSequence { get; init; }
}
