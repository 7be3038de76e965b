using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Data;

namespace Rlhf.Training.Ppo;

/// <summary>Answers prompts with the policy: cached decoding, left-padded prompts, stop tokens, log-probs taken at the draw.</summary>
internal sealed class ResponseSampler(IKernels kernels, LanguageModel policy, PpoConfig config, PpoData data) : IDisposable
{
    private readonly Generator _generator = new(policy, config.LocalRolloutForwardBatchSize);
    private readonly TokenBatchBuffer _prompts = new();

    /// <summary>Samples one response a prompt.</summary>
    /// <param name="prompts">Prompts.</param>
    /// <param name="firstEpisode">Number of the first one in the run: what its random numbers depend on.</param>
    /// <param name="temperature">Divides the logits.</param>
    /// <param name="replay">Take the responses of <see cref="PpoData.Replay"/>, where there are any.</param>
    /// <returns>Responses, truncated, with lengths, EOS test, masks and log-probs; values and scores are still 0.</returns>
    public Rollout Sample(IReadOnlyList<TokenText> prompts, long firstEpisode, float temperature, bool replay)
    {
        _prompts.Fill([.. prompts.Select(prompt => new ReadOnlyMemory<int>(prompt.Ids))], PaddingSide.Left);
        ITokenSampler sampler = replay && data.Replay is { } record
            ? new ReplaySampler(kernels, record, temperature)
            : new CategoricalSampler(kernels, config.Seed)
            {
                Temperature = temperature,
                TopK = config.TopK,
                TopP = config.TopP,
                TruncatedLogprobs = config.TruncatedLogprobs,
            };
        GenerationResult generated = _generator.Generate(
            _prompts.Tokens,
            new VocabularySampler(sampler, PolicyHead.Vocabulary(policy, config)),
            new GenerationOptions
            {
                MaxNewTokens = config.ResponseLength,
                // A stop token that may not count yet must not end the response.
                StopTokens = config.StopTokenId is { } stop && config.TruncateAfter == 0 ? [stop] : [],
                PadToken = data.PadTokenId,
                FirstSequence = firstEpisode,
            });
        var batch = new RolloutBatch(prompts.Count, config.ResponseLength);
        Fill(batch, generated);
        int[][] drawn = [.. Enumerable.Range(0, prompts.Count).Select(b => generated.Sequence(b).ToArray())];
        int eosTokens = drawn.Sum(tokens => tokens.Count(token => token == data.EosTokenId));
        return new Rollout(batch, [.. prompts.Select((prompt, b) => Complete(prompt, batch, b))], drawn, eosTokens);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _generator.Dispose();
        _prompts.Dispose();
    }

    private void Fill(RolloutBatch batch, GenerationResult generated)
    {
        View<int> responses = batch.Responses, lengths = batch.Lengths;
        View<float> logprobs = batch.Logprobs;
        for (int b = 0; b < batch.Batch; b++)
        {
            for (int t = 0; t < batch.Time; t++)
            {
                bool drawn = t < generated.Lengths[b];
                responses[b, t] = drawn ? generated.Tokens[(b * generated.Columns) + t] : data.PadTokenId;
                logprobs[b, t] = drawn ? generated.Logprobs[(b * generated.Columns) + t] : 0;
            }
        }

        ResponseTruncation.Truncate(responses, config.StopTokenId, data.PadTokenId, responses, config.TruncateAfter);
        ResponseTruncation.CountTokens(responses, config.StopTokenId, data.PadTokenId, config.Conventions.LengthRule, lengths);
        bool testsStop = config.Conventions.EosTest == EosTest.StopToken && config.StopTokenId is not null;
        ResponseTruncation.MarkContaining(responses, testsStop ? config.StopTokenId : data.EosTokenId, batch.HasEos);
        batch.ApplyLengths(config.Conventions);
    }

    private Completion Complete(TokenText prompt, RolloutBatch batch, int row)
    {
        int[] tokens = new int[batch.Lengths[row]];
        for (int t = 0; t < tokens.Length; t++)
            tokens[t] = batch.Responses[row, t];
        return new Completion(prompt.Text, prompt.Ids, data.Decode(tokens), tokens);
    }
}
