namespace Rlhf.Training.Sft;

/// <summary>Loss and entropy as sums, so that micro-batches add up.</summary>
/// <param name="Loss">Σ −log p, nats.</param>
/// <param name="Entropy">Σ entropy, nats; 0 where it was not taken.</param>
/// <param name="Targets">Tokens that count in the loss.</param>
/// <param name="Tokens">Tokens that went through the model.</param>
public readonly record struct LanguageModelSums(double Loss, double Entropy, long Targets, long Tokens)
{
    /// <summary>Nats a token.</summary>
    public double MeanLoss => Loss / Targets;

    /// <summary>Nats a token.</summary>
    public double MeanEntropy => Entropy / Targets;

    /// <summary><c>exp</c> of the mean loss.</summary>
    public double Perplexity => Math.Exp(MeanLoss);

    /// <summary>Two micro-batches together.</summary>
    public static LanguageModelSums operator +(LanguageModelSums left, LanguageModelSums right) =>
        new(left.Loss + right.Loss, left.Entropy + right.Entropy, left.Targets + right.Targets, left.Tokens + right.Tokens);
}
