namespace Rlhf.Training.Ppo;

/// <summary>What <see cref="PpoData"/> and <see cref="PpoModels"/> must be; each message says what was found and what was expected.</summary>
internal static class PpoDataRules
{
    public static void Check(PpoModels models, PpoData data, PpoConfig config)
    {
        Expect(!ReferenceEquals(models.Policy, models.Reference), "policy and reference are the same model, expected a copy as reference");
        int vocabulary = models.Policy.Config.VocabSize;
        Expect(
            models.Reference.Config.VocabSize == vocabulary,
            $"the reference has {models.Reference.Config.VocabSize} tokens, expected the policy's {vocabulary}");
        Expect(
            models.Value.Config.VocabSize == vocabulary,
            $"the value model has {models.Value.Config.VocabSize} tokens, expected the policy's {vocabulary}");
        Expect(data.Prompts.Count > 0, "no training prompts, expected at least one");
        int empty = data.Prompts.ToList().FindIndex(prompt => prompt.Ids.Length == 0);
        Expect(empty < 0, $"training prompt {empty} has no tokens, expected at least one");
        int longest = data.Prompts.Max(prompt => prompt.Ids.Length), positions = models.Policy.Config.MaxPositions;
        Expect(
            models.Policy.Config.RotaryDims > 0 || longest + config.ResponseLength <= positions,
            $"the longest prompt has {longest} tokens and ResponseLength is {config.ResponseLength}, expected at most {positions} positions together");
        Expect(config.PtxCoef == 0 || data.Pretraining.Count > 0, $"PtxCoef is {config.PtxCoef}, expected pretraining text with it");
        Expect(
            data.Replay is null || !config.TruncatedLogprobs,
            "TruncatedLogprobs is on, expected off with a replay: a record holds no truncation");
        Expect(
            config.StopTokenId is not { } stop || (uint)stop < (uint)vocabulary,
            $"StopTokenId is {config.StopTokenId}, expected a token id from 0 to {vocabulary - 1}");
        Expect(
            config.MissingEosPenalty is null || data.EosTokenId is not null || config.StopTokenId is not null,
            $"MissingEosPenalty is {config.MissingEosPenalty}, expected a tokenizer with an EOS token or a StopTokenId with it");
        Expect(
            config.SampledVocabSize is not { } sampled || (sampled > 0 && sampled <= vocabulary),
            $"SampledVocabSize is {config.SampledVocabSize}, expected 1 to {vocabulary}");
    }

    private static void Expect(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message);
    }
}
