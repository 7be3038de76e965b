using Rlhf.Training.Data;

namespace Rlhf.Training.Ppo;

/// <summary>What a run reads.</summary>
public sealed record PpoData
{
    /// <summary>Training prompts, at least one token each.</summary>
    public required IReadOnlyList<TokenText> Prompts { get; init; }

    /// <summary>Prompts for the sample table; none: the first training prompts.</summary>
    public IReadOnlyList<TokenText> EvalPrompts { get; init; } = [];

    /// <summary>Pretraining text; needed with <see cref="PpoConfig.PtxCoef"/>.</summary>
    public IReadOnlyList<LanguageExample> Pretraining { get; init; } = [];

    /// <summary>Tokens to text.</summary>
    public required Func<int[], string> Decode { get; init; }

    /// <summary>The tokenizer's EOS.</summary>
    public required int? EosTokenId { get; init; }

    /// <summary>Responses to take instead of drawing; none: the policy draws. Log-probs come from this run's own logits either way.</summary>
    public RolloutRecord? Replay { get; init; }

    /// <summary>
    /// What stands after a response's end, and ends one where it is sampled. Default −1, which is no token: nothing can be confused with it,
    /// and no model ever sees it.
    /// </summary>
    public int PadTokenId { get; init; } = -1;
}
