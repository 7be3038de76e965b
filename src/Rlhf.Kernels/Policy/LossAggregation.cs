namespace Rlhf.Kernels.Policy;

/// <summary>How token losses become one number (verl's loss_agg_mode). Each is a row weight and a normaliser for the loss kernels: see <see cref="LossWeights"/>.</summary>
public enum LossAggregation
{
    /// <summary>Mean over all counted tokens of the batch.</summary>
    TokenMean,

    /// <summary>Sum over the tokens of a sequence, mean over the sequences that have any.</summary>
    SequenceMeanTokenSum,

    /// <summary>Mean over the tokens of a sequence, mean over the sequences that have any.</summary>
    SequenceMeanTokenMean,

    /// <summary>Sum over all counted tokens divided by the fixed length T, without a mean over sequences (verl's seq-mean-token-sum-norm).</summary>
    SequenceMeanTokenSumNorm,
}
