using Rlhf.Fixtures.Comparison;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.Training.Ppo;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// The losses of each micro-batch with their gradients, and what TRL logs of them. The rows of a micro-batch come from the
/// reference's shuffling: they are taken from the case, and must deal out the whole batch in every epoch.
/// </summary>
internal static class TrlPpoUpdate
{
    public static void Run(CaseContext context, RolloutBatch rollout, View<int> sampled, TrlSettings settings, int vocab, Tolerance tolerance)
    {
        int perEpoch = settings.MiniBatches * settings.Accumulation;
        float[] logits = context.Tensors.Singles("new_logits", rollout.Batch, rollout.Time, vocab);
        float[] values = context.Tensors.Singles("new_values", rollout.Batch, rollout.Time);
        var update = new UpdateStatistics(MetricConvention.Trl);
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            var dealt = new List<int>();
            for (int step = epoch * perEpoch; step < (epoch + 1) * perEpoch; step++)
            {
                int[] rows = context.Tensors.Int32s($"step{step}.indices");
                dealt.AddRange(rows);
                if (rows.Length * perEpoch != rollout.Batch || rows.Any(row => row < 0 || row >= rollout.Batch))
                    throw new FixtureException($"tensor 'step{step}.indices' is no micro-batch of {rollout.Batch / perEpoch} rows out of {rollout.Batch}");
                context.CheckExact($"step{step}.indices", rows);
                update.Add(Step(context, $"step{step}", $"micro_batches[{step}]", rows, rollout, sampled, settings, logits, values, vocab, tolerance));
                context.CheckScalar($"micro_batches[{step}]/step", step, Tolerance.Exact);
                if ((step + 1) % settings.Accumulation == 0)
                    update.EndMiniBatch();
            }

            if (dealt.Distinct().Count() != rollout.Batch)
                throw new FixtureException($"the indices of epoch {epoch} do not deal out the {rollout.Batch} rows");
        }

        context.CheckScalar("batch_metrics/policy/approxkl_avg", update.ApproxKl, tolerance);
        context.CheckScalar("batch_metrics/policy/clipfrac_avg", update.PolicyClipFraction, tolerance);
        context.CheckScalar("batch_metrics/loss/policy_avg", update.PolicyLoss, tolerance);
        context.CheckScalar("batch_metrics/loss/value_avg", update.ValueLoss, tolerance);
        context.CheckScalar("batch_metrics/val/clipfrac_avg", update.ValueClipFraction, tolerance);
        context.CheckScalar("batch_metrics/policy/entropy_avg", update.Entropy, tolerance);
        context.CheckScalar("batch_metrics/val/ratio", update.Ratio, tolerance);
        context.CheckScalar("batch_metrics/val/ratio_var", update.RatioVariance, tolerance);
    }

    private static MicroBatchStatistics Step(
        CaseContext context,
        string tensor,
        string scalar,
        int[] rows,
        RolloutBatch rollout,
        View<int> sampled,
        TrlSettings settings,
        float[] allLogits,
        float[] allValues,
        int vocab,
        Tolerance tolerance)
    {
        Scratch memory = context.Memory;
        int time = rollout.Time, tokens = rows.Length * time;
        using var batch = new RolloutBatch(rows.Length, time);
        rollout.Gather(rows, batch);
        View<float> logits = memory.Zeros<float>(tokens, vocab), values = memory.Zeros<float>(rows.Length, time);
        View<int> targets = memory.Zeros<int>(tokens);
        for (int i = 0; i < rows.Length; i++)
        {
            allLogits.AsSpan(rows[i] * time * vocab, time * vocab).CopyTo(Scratch.Span(logits)[(i * time * vocab)..]);
            allValues.AsSpan(rows[i] * time, time).CopyTo(Scratch.Span(values)[(i * time)..]);
            Scratch.Span(sampled).Slice(rows[i] * time, time).CopyTo(Scratch.Span(targets)[(i * time)..]);
        }

        var transform = new LogitTransform { Temperature = settings.Temperature };
        View<float> logprobs = memory.Zeros<float>(tokens), entropy = memory.Zeros<float>(tokens);
        View<float> gradLogits = memory.Zeros<float>(tokens, vocab), policyStats = memory.Zeros<float>(PpoClipStats.Length);
        context.Kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = logits,
            Targets = targets,
            OldLogprobs = TrlPpoCase.Flat(batch.Logprobs),
            Advantages = TrlPpoCase.Flat(batch.Advantages),
            Mask = TrlPpoCase.Flat(batch.Mask),
            Transform = transform,
            Options = new PpoClipOptions { ClipLow = settings.ClipRange, ClipHigh = settings.ClipRange },
            Normalizer = Count(batch.Mask),
            Logprobs = logprobs,
            GradLogits = gradLogits,
            Stats = policyStats,
        });
        context.Check($"{tensor}.grad_new_logits", Scratch.Span(gradLogits), tolerance);
        context.Check($"{tensor}.new_logprobs", TrlPpoCase.WithSentinel(logprobs, batch.Mask, settings), tolerance);
        context.Check($"{tensor}.ratio", Ratios(logprobs, batch), tolerance);

        // TRL takes the entropy at padding as well, where the loss kernel does not look.
        context.Kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
        {
            Logits = logits,
            Targets = targets,
            Transform = transform,
            Logprobs = memory.Zeros<float>(tokens),
            Entropy = entropy,
        });
        context.Check($"{tensor}.entropy", Scratch.Span(entropy), tolerance);

        View<float> gradValues = memory.Zeros<float>(rows.Length, time), valueStats = memory.Zeros<float>(ValueClipStats.Length);
        context.Kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = values,
            OldValues = batch.Values,
            Returns = batch.Returns,
            Mask = batch.ValueMask,
            ClipRange = settings.ValueClipRange,
            Normalizer = Count(batch.ValueMask),
            GradValues = gradValues,
            Stats = valueStats,
        });
        context.Check(
            $"{tensor}.grad_new_values", Array.ConvertAll(Scratch.Span(gradValues).ToArray(), gradient => settings.ValueCoef * gradient), tolerance);

        double everywhere = 0;
        foreach (float value in Scratch.Span(entropy))
            everywhere += value;
        View<float> old = TrlPpoCase.Flat(batch.Logprobs);
        var micro = new MicroBatchStatistics(
            PpoClipStats.Read(policyStats),
            ValueClipStats.Read(valueStats),
            tokens,
            MicroBatchStatistics.SumOfSquaredRatios(logprobs, old, TrlPpoCase.Flat(batch.Mask)),
            everywhere);
        context.CheckScalar($"{scalar}/loss", micro.Policy.Loss + (settings.ValueCoef * micro.Value.Loss), tolerance);
        context.CheckScalar($"{scalar}/pg_loss", micro.Policy.Loss, tolerance);
        context.CheckScalar($"{scalar}/vf_loss", micro.Value.Loss, tolerance);
        context.CheckScalar($"{scalar}/pg_clipfrac", micro.Policy.ClipFraction, tolerance);
        context.CheckScalar($"{scalar}/vf_clipfrac", micro.Value.ClipFraction, tolerance);
        context.CheckScalar($"{scalar}/approxkl", micro.ApproxKl(MetricConvention.Trl), tolerance);
        context.CheckScalar($"{scalar}/entropy_mean", micro.Entropy(MetricConvention.Trl), tolerance);
        context.CheckScalar($"{scalar}/ratio_mean", micro.Ratio(MetricConvention.Trl), tolerance);
        return micro;
    }

    private static float[] Ratios(View<float> logprobs, RolloutBatch batch)
    {
        float[] ratios = new float[logprobs.Count];
        Span<float> old = Scratch.Span(batch.Logprobs);
        Span<byte> mask = Scratch.Span(batch.Mask);
        for (int i = 0; i < ratios.Length; i++)
            ratios[i] = mask[i] == 0 ? 1 : MathF.Exp(logprobs[i] - old[i]);
        return ratios;
    }

    /// <summary>A micro-batch without a counted position has no loss; any normaliser will do.</summary>
    private static float Count(View<byte> mask)
    {
        int count = 0;
        foreach (byte counted in Scratch.Span(mask))
            count += counted;
        return Math.Max(1, count);
    }
}
