using Rlhf.Fixtures.Comparison;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// A model with a scalar head: pooled rewards of right- and left-padded batches, rewards at every token, gradients of a weighted
/// sum, and TRL's get_reward over left-padded queries with right-padded responses.
/// </summary>
internal static class RewardModelCase
{
    public static void Run(CaseContext context)
    {
        string directory = ModelsFamily.Checkpoint(context);
        int pad = context.Arguments.Integer("pad_token_id");
        int? contextLength = context.Arguments.OptionalInteger("context_length");
        float[]? weights = context.Arguments.Has("grad_weights")
            ? Array.ConvertAll(context.Arguments.Numbers("grad_weights"), weight => (float)weight)
            : null;
        context.Arguments.RejectUnread();
        ModelsFamily.Remarks(context);

        using ScalarModel model = ScalarModel.Load(directory);
        Tolerance tolerance = context.Tolerances.For("rewards", "logits");
        TokenBatch right = ModelsFamily.Batch(context, "rm_input_ids", "rm_attention_mask");
        context.Check("rm_token_rewards", Scratch.Span(Scores(context, model, right, default)), tolerance);
        if (context.Tensors.HasInput("rml_input_ids"))
        {
            TokenBatch left = ModelsFamily.Batch(context, "rml_input_ids", "rml_attention_mask");
            context.Check("rml_rewards", Scratch.Span(Scores(context, model, left, LastTokens(context, left, pad))), tolerance);
        }

        if (context.Tensors.HasInput("trl_query_responses"))
            TrlGetReward(context, model, pad, contextLength ?? throw new FixtureException("argument 'context_length' is missing"), tolerance);
        Train(context, model, right, pad, weights, tolerance);
    }

    private static void Train(CaseContext context, ScalarModel model, TokenBatch batch, int pad, float[]? weights, Tolerance tolerance)
    {
        model.Transformer.ZeroGradients();
        View<float> rewards = Scores(context, model, batch, LastTokens(context, batch, pad), keep: true);
        context.Check("rm_rewards", Scratch.Span(rewards), tolerance);
        if (weights is null)
            return;
        if (weights.Length != batch.Batch)
            throw new FixtureException($"argument 'grad_weights' has {weights.Length} numbers, expected {batch.Batch}");
        model.Backward(context.Memory.Copy<float>(weights, batch.Batch));
        ModelsFamily.CheckGradients(context, model.Transformer);
    }

    /// <summary>Positions count real tokens; the score is the one at the last token before the first padding of the response.</summary>
    private static void TrlGetReward(CaseContext context, ScalarModel model, int pad, int contextLength, Tolerance tolerance)
    {
        TokenBatch plain = ModelsFamily.Batch(context, "trl_query_responses", null);
        if (contextLength < 1 || contextLength > plain.Length)
            throw new FixtureException($"argument 'context_length' is {contextLength}, expected 1 to {plain.Length}");
        View<byte> mask = context.Memory.Zeros<byte>(plain.Batch, plain.Length);
        long[] last = new long[plain.Batch];
        for (int b = 0; b < plain.Batch; b++)
        {
            last[b] = plain.Length - 1;
            for (int t = plain.Length - 1; t >= 0; t--)
            {
                mask[b, t] = plain.InputIds[b, t] == pad ? (byte)0 : (byte)1;
                if (mask[b, t] == 0 && t >= contextLength)
                    last[b] = t - 1;
            }
        }

        View<int> positions = context.Memory.Zeros<int>(plain.Batch, plain.Length);
        PositionIds.ExclusiveCumsum(mask, positions);
        View<float> scores = Scores(context, model, new TokenBatch { InputIds = plain.InputIds, Mask = mask, Positions = positions }, default);
        float[] final = [.. last.Select((t, b) => scores[(b * plain.Length) + (int)t])];
        context.Check("trl_reward_logits", Scratch.Span(scores), tolerance);
        context.Check("trl_final_rewards", final, tolerance);
        context.CheckExact("trl_sequence_lengths", last);
    }

    private static View<int> LastTokens(CaseContext context, TokenBatch batch, int pad)
    {
        View<int> rows = context.Memory.Zeros<int>(batch.Batch);
        ScalarModel.LastTokenRows(batch.InputIds, pad, rows);
        return rows;
    }

    private static View<float> Scores(CaseContext context, ScalarModel model, TokenBatch batch, View<int> rows, bool keep = false)
    {
        View<float> scores = context.Memory.Zeros<float>(rows.IsEmpty ? batch.Batch * batch.Length : rows.Rows);
        model.Forward(batch, rows, scores, keep);
        return scores;
    }
}
