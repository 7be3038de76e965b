using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;
using Rlhf.Training.Ppo;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// What TRL's PPOTrainer computes between generation and loss, by the trainer's own code with TRL's conventions: truncation,
/// masks, log-probs, scores, KL, rewards, advantages, and the logged objectives. <see cref="TrlPpoUpdate"/> goes on with the losses.
/// </summary>
internal static class TrlPpoCase
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        TrlSettings settings = TrlSettings.Read(context.Arguments);
        IReadOnlyList<int> shape = tensors.Shape("responses", 2);
        int batch = shape[0], time = shape[1], width = tensors.Shape("queries", 2)[1], vocab = tensors.Shape("rollout_scores", 3)[2];
        context.Arguments.Size("B", batch);
        context.Arguments.Size("context_length", width);
        context.Arguments.Size("response_length", time);
        context.Arguments.Size("vocab", vocab);
        context.Arguments.RejectUnread();

        using var rollout = new RolloutBatch(batch, time);
        View<int> sampled = context.Memory.Copy<int>(tensors.Int32s("responses"), batch, time);
        Tolerance tolerance = context.Tolerances.For("rollout");
        Positions(context, sampled, settings, width);
        Truncate(context, rollout, sampled, settings);
        Logprobs(context, rollout, sampled, settings, vocab, tolerance);
        Scores(context, rollout, width, tolerance);
        Rewards(context, rollout, settings, tolerance);

        RolloutStatistics statistics = RolloutStatistics.Of(rollout, settings.KlCoef, MetricConvention.Trl);
        context.CheckScalar("batch_metrics/objective/kl", statistics.Kl, tolerance);
        context.CheckScalar("batch_metrics/objective/entropy", statistics.Entropy, tolerance);
        context.CheckScalar("batch_metrics/objective/non_score_reward", statistics.NonScoreReward, tolerance);
        context.CheckScalar("batch_metrics/objective/rlhf_reward", statistics.RlhfReward, tolerance);
        context.CheckScalar("batch_metrics/objective/scores", statistics.Scores, tolerance);
        int ends = 0;
        foreach (int token in Scratch.Span(sampled))
            ends += token == settings.Eos ? 1 : 0;
        context.CheckScalar("batch_metrics/val/num_eos_tokens", ends, Tolerance.Exact);
        TrlPpoUpdate.Run(context, rollout, sampled, settings, vocab, tolerance);
    }

    private static void Positions(CaseContext context, View<int> sampled, TrlSettings settings, int width)
    {
        int batch = sampled.Rows, time = sampled.Cols;
        int[] queries = context.Tensors.Int32s("queries", batch, width);
        View<byte> mask = context.Memory.Zeros<byte>(batch, width + time);
        for (int b = 0; b < batch; b++)
        {
            for (int l = 0; l < width + time; l++)
                mask[b, l] = (l < width ? queries[(b * width) + l] : sampled[b, l - width]) == settings.Pad ? (byte)0 : (byte)1;
        }

        View<int> positions = context.Memory.Zeros<int>(batch, width + time);
        PositionIds.ExclusiveCumsum(mask, positions);
        context.CheckExact("position_ids", Scratch.Span(positions));
    }

    private static void Truncate(CaseContext context, RolloutBatch rollout, View<int> sampled, TrlSettings settings)
    {
        PpoConventions trl = PpoConventions.Trl;
        ResponseTruncation.Truncate(sampled, settings.Stop, settings.Pad, rollout.Responses);
        ResponseTruncation.CountTokens(rollout.Responses, settings.Stop, settings.Pad, trl.LengthRule, rollout.Lengths);
        ResponseTruncation.MarkContaining(rollout.Responses, settings.Eos, rollout.HasEos);
        SequenceMasks.FromLengths(rollout.Lengths, 0, rollout.Mask);
        SequenceMasks.FromLengths(rollout.Lengths, trl.ExtraValueSlots, rollout.ValueMask);
        context.CheckExact("postprocessed_responses", Scratch.Span(rollout.Responses));
        context.CheckExact("sequence_lengths", Array.ConvertAll(Scratch.Span(rollout.Lengths).ToArray(), length => length - 1));
        context.CheckExact("contain_eos_token", Scratch.Span(rollout.HasEos));
        context.CheckExact("padding_mask", Array.ConvertAll(Scratch.Span(rollout.Mask).ToArray(), counted => (byte)(1 - counted)));
        context.CheckExact("padding_mask_p1", Array.ConvertAll(Scratch.Span(rollout.ValueMask).ToArray(), counted => (byte)(1 - counted)));
    }

    private static void Logprobs(CaseContext context, RolloutBatch rollout, View<int> sampled, TrlSettings settings, int vocab, Tolerance tolerance)
    {
        int batch = rollout.Batch, time = rollout.Time;

        // Generation returns scores that are divided by the temperature already.
        Read("rollout_scores", default, rollout.Logprobs);
        Read("ref_logits", new LogitTransform { Temperature = settings.Temperature }, rollout.RefLogprobs);
        float[] values = context.Tensors.Singles("old_values", batch, time);
        values.CopyTo(Scratch.Span(rollout.Values));
        context.Check("logprobs_unmasked", Scratch.Span(rollout.Logprobs), tolerance);
        context.Check("ref_logprobs_unmasked", Scratch.Span(rollout.RefLogprobs), tolerance);
        rollout.ApplyLengths(PpoConventions.Trl);
        context.Check("logprobs", WithSentinel(rollout.Logprobs, rollout.Mask, settings), tolerance);
        context.Check("ref_logprobs", WithSentinel(rollout.RefLogprobs, rollout.Mask, settings), tolerance);
        context.Check("values", Scratch.Span(rollout.Values), tolerance);

        void Read(string name, LogitTransform transform, View<float> logprobs) =>
            context.Kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
            {
                Logits = context.Memory.Copy<float>(context.Tensors.Singles(name, batch, time, vocab), batch * time, vocab),
                Targets = Flat(sampled),
                Transform = transform,
                Logprobs = Flat(logprobs),
            });
    }

    private static void Scores(CaseContext context, RolloutBatch rollout, int width, Tolerance tolerance)
    {
        float[] rewards = context.Tensors.Singles("reward_logits", rollout.Batch, width + rollout.Time);
        for (int b = 0; b < rollout.Batch; b++)
            rollout.Scores[b] = rewards[(b * (width + rollout.Time)) + width + rollout.Lengths[b] - 1];
        context.Check("scores_raw", Scratch.Span(rollout.Scores), tolerance);
    }

    private static void Rewards(CaseContext context, RolloutBatch rollout, TrlSettings settings, Tolerance tolerance)
    {
        PpoConventions trl = PpoConventions.Trl;
        RewardShaping.Apply(context.Kernels, rollout, (float)settings.KlCoef, settings.Estimator, settings.MissingEosPenalty, trl);
        AdvantageEstimation.Apply(context.Kernels, rollout, settings.Gamma, settings.Lambda, settings.WhitenRewards, trl);
        context.Check("scores", Scratch.Span(rollout.FinalScores), tolerance);
        context.Check("kl", Scratch.Span(rollout.Kl), tolerance);
        context.Check("non_score_reward", Array.ConvertAll(Scratch.Span(rollout.Kl).ToArray(), kl => -settings.KlCoef * kl), tolerance);
        context.CheckExact("reward_index", Array.ConvertAll(Scratch.Span(rollout.Lengths).ToArray(), length => Math.Min(length, rollout.Time - 1)));
        context.Check("rewards_raw", Scratch.Span(rollout.ShapedRewards), tolerance);
        context.Check("rewards", Scratch.Span(rollout.Rewards), tolerance);
        context.Check("advantages_raw", Scratch.Span(rollout.RawAdvantages), tolerance);
        context.Check("returns", Scratch.Span(rollout.Returns), tolerance);
        context.Check("advantages", Scratch.Span(rollout.Advantages), tolerance);
    }

    /// <summary>A dense [B, T] as [B·T].</summary>
    public static unsafe View<T> Flat<T>(View<T> view)
        where T : unmanaged => View<T>.Vector(view.Pointer, checked((int)view.Count));

    /// <summary>The reference writes a number at padding where this engine keeps zero.</summary>
    public static float[] WithSentinel(View<float> logprobs, View<byte> mask, TrlSettings settings)
    {
        float[] result = Scratch.Span(logprobs).ToArray();
        Span<byte> counted = Scratch.Span(mask);
        for (int i = 0; i < result.Length; i++)
            result[i] = counted[i] != 0 ? result[i] : settings.InvalidLogprob;
        return result;
    }
}
