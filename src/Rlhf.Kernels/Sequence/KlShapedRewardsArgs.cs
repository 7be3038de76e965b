using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Sequence;

/// <summary>Where the score of a response is added.</summary>
public enum ScorePlacement
{
    /// <summary>At the last real token (InstructGPT, verl, OpenRLHF).</summary>
    LastToken,

    /// <summary>One position later when the response is shorter than T, else at the last token (TRL, N+).</summary>
    AfterLastToken,
}

/// <summary>What a response without an end-of-sequence token costs.</summary>
public enum MissingEosRule
{
    /// <summary>The penalty is subtracted from the score (TRL).</summary>
    Subtract,

    /// <summary>The score is replaced by minus the penalty (lm-human-preferences, N+).</summary>
    Replace,
}

/// <summary>
/// Per-token rewards of RLHF (Ziegler et al. 2019; spec statement 24): <c>reward[t] = −KlCoef · kl[t]</c>, plus the score at one position.
/// </summary>
/// <remarks>
/// Positions after the last real token carry no KL, whatever the inputs hold there. A length of 0 (an empty response) puts the
/// score at position 0. One pass; a row's result does not depend on the batch.
/// </remarks>
public readonly struct KlShapedRewardsArgs
{
    /// <summary>[B, T] log-probs of the policy at sampling.</summary>
    public required ReadOnlyView<float> Logprobs { get; init; }

    /// <summary>[B, T] log-probs of the reference.</summary>
    public required ReadOnlyView<float> RefLogprobs { get; init; }

    /// <summary>[B] real tokens of each response, 0 … T (TRL's sequence_length + 1).</summary>
    public required ReadOnlyView<int> Lengths { get; init; }

    /// <summary>[B] reward-model scores.</summary>
    public required ReadOnlyView<float> Scores { get; init; }

    /// <summary>[B] optional: 1 where the response ends in EOS. Needed when <see cref="MissingEosPenalty"/> is not 0.</summary>
    public ReadOnlyView<byte> HasEos { get; init; }

    /// <summary>Penalty for a response without EOS; 0 for none.</summary>
    public float MissingEosPenalty { get; init; }

    /// <summary>How the penalty acts.</summary>
    public MissingEosRule MissingEos { get; init; }

    /// <summary>β, the KL coefficient, ≥ 0.</summary>
    public required float KlCoef { get; init; }

    /// <summary>Which estimator is penalised.</summary>
    public required KlEstimator Estimator { get; init; }

    /// <summary>Which position receives the score.</summary>
    public required ScorePlacement Placement { get; init; }

    /// <summary>[B, T] result.</summary>
    public required View<float> Rewards { get; init; }

    /// <summary>[B, T] optional result: the KL estimate, 0 after the last token.</summary>
    public View<float> Kl { get; init; }

    /// <summary>[B] optional result: the score after the missing-EOS rule.</summary>
    public View<float> FinalScores { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Logprobs.Rows, cols = Logprobs.Cols;
        Require.Shape(RefLogprobs, rows, cols);
        Require.Shape(Lengths, rows, 1);
        Require.Shape(Scores, rows, 1);
        Require.OptionalShape(HasEos, rows, 1);
        Require.Shape<float>(Rewards, rows, cols);
        Require.OptionalShape<float>(Kl, rows, cols);
        Require.OptionalShape<float>(FinalScores, rows, 1);
        Require.NonNegative(KlCoef);
        if (MissingEosPenalty != 0f && HasEos.IsEmpty)
        {
            throw new ArgumentException("HasEos is missing, expected with a MissingEosPenalty");
        }

        for (int i = 0; Lengths.Device == DeviceKind.Cpu && i < rows; i++)
        {
            if ((uint)Lengths[i] > (uint)cols)
            {
                throw new ArgumentException($"Lengths[{i}] is {Lengths[i]}, expected 0 to {cols}");
            }
        }
    }
}
