using System.Text.Json.Nodes;
using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Demo;

/// <summary>What one seed leaves behind, in the forms that the other verbs read: models with their tokenizer, comparisons, prompts.</summary>
/// <param name="directory">Made if needed.</param>
internal sealed class DemoFiles(string directory)
{
    /// <summary>Writes <c>sft/</c>, <c>reward/</c> and <c>policy/</c>.</summary>
    public void Save(TextEncoder encoder, LanguageModel sft, ScalarModel reward, LanguageModel policy)
    {
        Directory.CreateDirectory(directory);
        sft.Save(Path.Combine(directory, "sft"), alsoWrite: encoder.Tokenizer.Save);
        reward.Save(Path.Combine(directory, "reward"), alsoWrite: encoder.Tokenizer.Save);
        policy.Save(Path.Combine(directory, "policy"), alsoWrite: encoder.Tokenizer.Save);
    }

    /// <summary>Writes <c>comparisons.jsonl</c>, <c>prompts.jsonl</c> and <c>heldout_prompts.jsonl</c>.</summary>
    public void Save(IReadOnlyList<Ranking> rankings, IReadOnlyList<TokenText> prompts, IReadOnlyList<TokenText> heldOutPrompts)
    {
        Directory.CreateDirectory(directory);
        Write("comparisons.jsonl", rankings.Select(ranking => new JsonObject
        {
            ["prompt"] = ranking.Prompt.Text,
            ["completions"] = new JsonArray([.. ranking.Completions.Select(completion => JsonValue.Create(completion.Text))]),
            ["ranks"] = new JsonArray([.. ranking.Ranks.Select(rank => JsonValue.Create(rank))]),
        }));
        Write("prompts.jsonl", prompts.Select(prompt => new JsonObject { ["prompt"] = prompt.Text }));
        Write("heldout_prompts.jsonl", heldOutPrompts.Select(prompt => new JsonObject { ["prompt"] = prompt.Text }));
    }

    private void Write(string name, IEnumerable<JsonObject> lines) =>
        OutputFile.WriteLines(Path.Combine(directory, name), lines.Select(line => line.ToJsonString()));
}
