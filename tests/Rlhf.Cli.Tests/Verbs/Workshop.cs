using System.Diagnostics;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Models;
using Rlhf.Models.Tokenization;

namespace Rlhf.Cli.Tests.Verbs;

/// <summary>A folder with a tiny model and data sets of each kind, for verbs to work on.</summary>
internal sealed class Workshop : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Workshop()
    {
        BpeTokenizer tokenizer = new BpeTrainer(280, ["<|endoftext|>"]).Train(["the cat sat on the mat and the dog sat on the cat"]);
        using LanguageModel model = LanguageModel.Initialize(Config(), seed: 1);
        model.Save(Model, alsoWrite: tokenizer.Save);
        Lines("text.jsonl", [.. Enumerable.Repeat("""{"text": "the cat sat on the mat and the dog"}""", 12)]);
        Lines("pairs.jsonl", [.. Enumerable.Repeat("""{"prompt": "the", "chosen": " cat sat", "rejected": " dog"}""", 12)]);
        Lines("rankings.jsonl", [.. Enumerable.Repeat("""{"prompt": "the", "completions": [" cat sat", " dog", " mat and"], "ranks": [0, 1, 2]}""", 12)]);
        Lines("sft.jsonl", [.. Enumerable.Repeat("""{"prompt": "the cat", "completion": " sat on the mat"}""", 12)]);
        Lines("prompts.jsonl", """{"prompt": "the cat"}""", """{"prompt": "the dog sat"}""");
    }

    public string Model => Combine("base");

    public string Run => Combine("run");

    public string RunModel => Path.Combine(Run, "model");

    public static ModelConfig Config() => ModelConfig.SmallGpt2(vocabSize: 280, hiddenSize: 16, layers: 2, heads: 2, maxPositions: 32, eosTokenId: 0);

    public string Combine(string name) => Path.Combine(_folder.Path, name);

    public string Lines(string name, params string[] lines)
    {
        File.WriteAllLines(Combine(name), lines);
        return Combine(name);
    }

    /// <summary>Runs a command line in this process; words in braces are paths in the folder.</summary>
    public Task<(int Code, string Output, string Error)> InvokeAsync(string line) => Checking.Cli.RunAsync(Arguments(line));

    /// <summary>Runs a command line as a process of its own.</summary>
    public async Task<(int Code, string Output, string Error)> StartAsync(string line)
    {
        ProcessStartInfo start = Checking.Cli.Process(Arguments(line));
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    public void Dispose() => _folder.Dispose();

    private string[] Arguments(string line) =>
        [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.StartsWith('{') ? Combine(word.Trim('{', '}')) : word)];
}
