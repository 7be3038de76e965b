using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Sft;

namespace Rlhf.Cli.Demo;

/// <summary>Compares a policy after PPO with the model before it: on the same openings, with the same random numbers, by the true lexicon.</summary>
internal sealed class PolicyJudge(IKernels kernels, TextEncoder encoder, ValenceLexicon lexicon, DemoSettings settings)
{
    private const int SamplesShown = 12, ForwardBatch = 128;

    public (PolicyEvaluation Evaluation, IReadOnlyList<SamplePair> Samples) Compare(
        LanguageModel sft, LanguageModel ppo, IReadOnlyList<TokenText> openings, IReadOnlyList<LanguageExample> heldOut, double sftLoss, ulong seed)
    {
        IReadOnlyList<(TokenText Text, float[] Logprobs)> before = Sample(sft, openings, seed), after = Sample(ppo, openings, seed);
        double[] valenceBefore = [.. before.Select(text => lexicon.Score(text.Text.Text))], valenceAfter = [.. after.Select(text => lexicon.Score(text.Text.Text))];
        double wins = valenceAfter.Zip(valenceBefore, (a, b) => a > b ? 1 : a == b ? 0.5 : 0).Sum();
        var evaluation = new PolicyEvaluation
        {
            Prompts = openings.Count,
            WinRate = wins / openings.Count,
            MeanValenceSft = valenceBefore.Average(),
            MeanValencePpo = valenceAfter.Average(),
            MeanKl = MeanKl(sft, openings, after),
            PerplexityRatio = Math.Exp(MeanLoss(ppo, heldOut) - sftLoss),
            DistinctSft = before.Average(text => DistinctShare(text.Text.Ids)),
            DistinctPpo = after.Average(text => DistinctShare(text.Text.Ids)),
            VocabularySft = before.SelectMany(text => text.Text.Ids).Distinct().Count(),
            VocabularyPpo = after.SelectMany(text => text.Text.Ids).Distinct().Count(),
        };
        SamplePair[] samples =
        [
            .. Enumerable.Range(0, Math.Min(SamplesShown, openings.Count)).Select(i =>
                new SamplePair(openings[i].Text, before[i].Text.Text, after[i].Text.Text, valenceBefore[i], valenceAfter[i])),
        ];
        return (evaluation, samples);
    }

    /// <summary>Mean loss of text, nats a token.</summary>
    public double MeanLoss(LanguageModel model, IReadOnlyList<LanguageExample> examples)
    {
        using var loss = new LanguageModelLoss(model, kernels);
        return examples.Chunk(ForwardBatch).Select(chunk => loss.Forward(chunk)).Aggregate((left, right) => left + right).MeanLoss;
    }

    private IReadOnlyList<(TokenText Text, float[] Logprobs)> Sample(LanguageModel model, IReadOnlyList<TokenText> openings, ulong seed)
    {
        using var sampler = new ContinuationSampler(model, kernels, encoder, settings.ResponseLength);
        return sampler.Continue(openings, seed);
    }

    /// <summary>Mean over responses of Σ log PPO − log SFT, both of the drawn tokens: the k1 estimate of a response's KL.</summary>
    private double MeanKl(LanguageModel sft, IReadOnlyList<TokenText> openings, IReadOnlyList<(TokenText Text, float[] Logprobs)> responses)
    {
        using var loss = new LanguageModelLoss(sft, kernels);
        double logprobs = responses.Sum(response => response.Logprobs.Sum(value => (double)value)), refLogprobs = 0;
        foreach (var chunk in openings.Zip(responses, (opening, response) => (opening, response.Text)).Chunk(ForwardBatch))
        {
            refLogprobs -= loss.Forward(Array.ConvertAll(chunk, pair =>
                new LanguageExample((int[])[.. pair.opening.Ids, .. pair.Text.Ids], pair.opening.Ids.Length))).Loss;
        }

        return (logprobs - refLogprobs) / responses.Count;
    }

    private static double DistinctShare(int[] ids) => ids.Length == 0 ? 1 : (double)ids.Distinct().Count() / ids.Length;
}
