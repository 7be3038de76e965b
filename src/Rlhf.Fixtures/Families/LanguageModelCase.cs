using System.Numerics.Tensors;
using Rlhf.Fixtures.Comparison;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;
using Rlhf.Models.Generation;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// A causal language model: logits and hidden states of a left-padded batch, cross-entropy through the fused head with all
/// gradients, greedy continuation step by step with the KV cache, and with a stop token.
/// </summary>
internal static class LanguageModelCase
{
    public static void Run(CaseContext context)
    {
        string directory = ModelsFamily.Checkpoint(context);
        int pad = context.Arguments.Integer("pad_token_id");
        int? eos = context.Arguments.OptionalInteger("gen_eos_token_id");
        int steps = context.Arguments.OptionalInteger("max_new_tokens") ?? 0;
        context.Arguments.RejectUnread();
        ModelsFamily.Remarks(context);

        using LanguageModel model = LanguageModel.Load(directory);
        TokenBatch batch = ModelsFamily.Batch(context, "input_ids", "attention_mask");
        View<int> positions = context.Memory.Zeros<int>(batch.Batch, batch.Length);
        PositionIds.HuggingFace(batch.Mask, positions);
        batch = new TokenBatch { InputIds = batch.InputIds, Mask = batch.Mask, Positions = positions };
        context.CheckExact("position_ids", Scratch.Span(positions));

        ReadOnlyView<float> hidden = model.Transformer.Forward(batch);
        float[] logits = Logits(hidden, model.HeadWeight);
        Tolerance tolerance = context.Tolerances.For("logits");
        context.Check("last_hidden", Values(hidden), context.Tolerances.For("last_hidden", "logits"));
        context.Check("logits", logits, tolerance);

        // The reference took the maximum at padding too, where logits are anyone's choice: a bound from above is what can be asked.
        context.CheckUpperBound("max_abs_logit", MaxAtRealTokens(logits, batch, model.Config.VocabSize), tolerance);
        if (context.Tensors.HasInput("nopad_input_ids"))
            context.Check("nopad_logits", Logits(model.Transformer.Forward(ModelsFamily.Batch(context, "nopad_input_ids", null)), model.HeadWeight), tolerance);
        if (context.Tensors.HasInput("labels"))
            Train(context, model, batch);
        if (steps > 0)
            Generate(context, model, batch, steps, eos, pad);
    }

    /// <summary>Mean cross-entropy of each next label that is not −100, as weights −1/n on the fused head's log-probs.</summary>
    private static void Train(CaseContext context, LanguageModel model, TokenBatch batch)
    {
        int[] labels = context.Tensors.Int32s("labels", batch.Batch, batch.Length);
        var rows = new List<int>();
        var targets = new List<int>();
        for (int i = 0; i < labels.Length; i++)
        {
            if ((i + 1) % batch.Length != 0 && labels[i + 1] != -100)
            {
                rows.Add(i);
                targets.Add(labels[i + 1]);
            }
        }

        if (rows.Count == 0)
            throw new FixtureException("tensor 'labels' has no target");
        Transformer transformer = model.Transformer;
        transformer.ZeroGradients();
        View<int> at = context.Memory.Copy<int>(rows.ToArray(), rows.Count);
        ReadOnlyView<float> hidden = transformer.Forward(batch, at, keep: true);
        View<float> upstream = context.Memory.Zeros<float>(rows.Count), logprobs = context.Memory.Zeros<float>(rows.Count);
        Scratch.Span(upstream).Fill(-1f / rows.Count);
        View<float> gradHidden = context.Memory.Zeros<float>(hidden.Rows, hidden.Cols);
        context.Kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<float>
        {
            Head = new LinearHead<float> { Hidden = hidden, Weight = model.HeadWeight, Targets = context.Memory.Copy<int>(targets.ToArray(), targets.Count) },
            GradLogprobs = upstream,
            Logprobs = logprobs,
            Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = model.HeadGradient, Accumulate = true },
            Workspace = context.Memory.Zeros<byte>(1, (int)LinearLogprobsWorkspace.DefaultBytes),
        });
        transformer.Backward(gradHidden);

        double loss = 0;
        foreach (float logprob in Scratch.Span(logprobs))
            loss -= (double)logprob / rows.Count;
        context.CheckScalar("loss", loss, context.Tolerances.For("loss"));
        ModelsFamily.CheckGradients(context, transformer);
    }

    private static void Generate(CaseContext context, LanguageModel model, TokenBatch batch, int steps, int? eos, int pad)
    {
        if (context.Tensors.HasExpected("gen_tokens") && context.Tensors.Shape("gen_tokens", 2)[1] != steps)
            throw new FixtureException($"argument 'max_new_tokens' is {steps}, tensor 'gen_tokens' has {context.Tensors.Shape("gen_tokens")[1]} columns");
        int vocab = model.Config.VocabSize;
        float[] scores = new float[batch.Batch * steps * vocab];
        int[] tokens = new int[batch.Batch * steps], last = new int[batch.Batch];
        double margin = double.PositiveInfinity;
        using (var decoder = new Decoder(model, batch.Batch, batch.Length + steps))
        {
            ReadOnlyView<float> logits = decoder.Prefill(batch);
            for (int step = 0; step < steps; step++)
            {
                if (step > 0)
                    logits = decoder.Step(last);
                for (int b = 0; b < batch.Batch; b++)
                {
                    Span<float> row = scores.AsSpan(((b * steps) + step) * vocab, vocab);
                    for (int v = 0; v < vocab; v++)
                        row[v] = logits[b, v];
                    last[b] = tokens[(b * steps) + step] = TensorPrimitives.IndexOfMax(row);
                    margin = Math.Min(margin, Margin(row, last[b]));
                }
            }
        }

        Tolerance tolerance = context.Tolerances.For("logits");
        context.CheckExact("gen_tokens", tokens);
        context.Check("gen_scores", scores, context.Tolerances.For("gen_scores", "logits"));
        context.CheckScalar("min_greedy_margin", margin, tolerance);
        if (eos is not { } stop)
            return;
        using var generator = new Generator(model, batch.Batch);
        GenerationResult result = generator.Generate(
            batch, new GreedySampler(), new GenerationOptions { MaxNewTokens = steps, StopTokens = [stop], PadToken = pad });
        context.CheckExact("gen_eos_tokens", result.Tokens);
    }

    private static double Margin(ReadOnlySpan<float> row, int best)
    {
        float second = float.NegativeInfinity;
        for (int v = 0; v < row.Length; v++)
            second = v == best ? second : Math.Max(second, row[v]);
        return (double)row[best] - second;
    }

    private static double MaxAtRealTokens(float[] logits, TokenBatch batch, int vocab)
    {
        double max = 0;
        for (int i = 0; i < batch.Batch * batch.Length; i++)
        {
            if (batch.Mask[i / batch.Length, i % batch.Length] != 0)
                max = Math.Max(max, Math.Abs(TensorPrimitives.MaxMagnitude<float>(logits.AsSpan(i * vocab, vocab))));
        }

        return max;
    }

    private static unsafe ReadOnlySpan<float> Values(ReadOnlyView<float> view) => new(view.Pointer, checked((int)view.Count));

    private static unsafe float[] Logits(ReadOnlyView<float> hidden, View<float> weight)
    {
        float[] logits = new float[hidden.Rows * weight.Rows];
        for (int i = 0; i < hidden.Rows; i++)
        {
            var row = new ReadOnlySpan<float>(hidden.Row(i), hidden.Cols);
            for (int v = 0; v < weight.Rows; v++)
                logits[(i * weight.Rows) + v] = TensorPrimitives.Dot(row, new ReadOnlySpan<float>(weight.Row(v), weight.Cols));
        }

        return logits;
    }
}
