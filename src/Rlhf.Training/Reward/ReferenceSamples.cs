using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Data;

namespace Rlhf.Training.Reward;

/// <summary>Responses drawn from the reference policy, which a reward model is normalised on.</summary>
public static class ReferenceSamples
{
    /// <summary>Draws responses to prompts taken in a seeded order (again from the start when there are fewer).</summary>
    /// <param name="policy">The reference policy.</param>
    /// <param name="kernels">Backend.</param>
    /// <param name="prompts">At least one.</param>
    /// <param name="options">Length and end of the responses.</param>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Of order and sampling.</param>
    /// <param name="temperature">Divides the logits.</param>
    /// <returns>Prompt and response as tokens.</returns>
    public static IReadOnlyList<ReadOnlyMemory<int>> Draw(
        LanguageModel policy,
        IKernels kernels,
        IReadOnlyList<TokenText> prompts,
        GenerationOptions options,
        int count = RewardNormalizer.DefaultSamples,
        ulong seed = 0,
        float temperature = 1)
    {
        ReadOnlyMemory<int>[] chosen = Array.ConvertAll(new ShuffledOrder(prompts.Count, seed).Take(0, count), index => (ReadOnlyMemory<int>)prompts[index].Ids);
        using var batch = new TokenBatchBuffer();
        using var generator = new Generator(policy);
        batch.Fill(chosen, PaddingSide.Left);
        GenerationResult result = generator.Generate(batch.Tokens, new CategoricalSampler(kernels, seed) { Temperature = temperature }, options);
        return [.. chosen.Select((prompt, i) => (ReadOnlyMemory<int>)(int[])[.. prompt.Span, .. result.Sequence(i)])];
    }
}
