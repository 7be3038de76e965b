using Rlhf.Kernels;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Training.Ppo;

/// <summary>Scores and KL to per-token rewards (spec statements 8, 21, 24).</summary>
public static class RewardShaping
{
    /// <summary>
    /// Reads <see cref="RolloutBatch.Logprobs"/>, RefLogprobs, Lengths, HasEos and <see cref="RolloutBatch.Scores"/>; writes
    /// <see cref="RolloutBatch.FinalScores"/>, <see cref="RolloutBatch.Kl"/> and <see cref="RolloutBatch.ShapedRewards"/>.
    /// </summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="batch">One rollout.</param>
    /// <param name="klCoef">β.</param>
    /// <param name="estimator">KL estimator.</param>
    /// <param name="missingEosPenalty">What a response without EOS costs; left out or 0: nothing.</param>
    /// <param name="conventions">Placement of the score and form of the penalty.</param>
    /// <param name="scoreGain">Multiplies the scores first.</param>
    /// <param name="scoreBias">Is added next.</param>
    /// <param name="scoreClip">Bounds them to ± this last, before the penalty.</param>
    public static void Apply(
        IKernels kernels,
        RolloutBatch batch,
        float klCoef,
        KlEstimator estimator,
        float? missingEosPenalty,
        PpoConventions conventions,
        float scoreGain = 1,
        float scoreBias = 0,
        float scoreClip = float.PositiveInfinity)
    {
        for (int b = 0; b < batch.Batch; b++)
            batch.FinalScores[b] = Math.Clamp((scoreGain * batch.Scores[b]) + scoreBias, -scoreClip, scoreClip);

        kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = batch.Logprobs,
            RefLogprobs = batch.RefLogprobs,
            Lengths = batch.Lengths,
            Scores = batch.FinalScores,
            HasEos = batch.HasEos,
            MissingEosPenalty = missingEosPenalty ?? 0,
            MissingEos = conventions.MissingEos,
            KlCoef = klCoef,
            Estimator = estimator,
            Placement = conventions.ScorePlacement,
            Rewards = batch.ShapedRewards,
            Kl = batch.Kl,
            FinalScores = batch.FinalScores,
        });
    }
}
