using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Tokenization;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests;

/// <summary>Models, tokenizers and data small enough for a test that trains.</summary>
internal static class Small
{
    public const string EndOfText = "<|endoftext|>";

    public static CpuKernels Kernels { get; } = new(threads: 1);

    public static LanguageModel Model(ulong seed = 1, int vocab = 40, int maxPositions = 48) =>
        LanguageModel.Initialize(ModelConfig.SmallGpt2(vocab, hiddenSize: 16, layers: 2, heads: 2, maxPositions), seed);

    public static ScalarModel RewardModel(ulong seed = 1)
    {
        using LanguageModel layers = Model(seed);
        return ScalarModel.FromLayers(layers.Transformer, seed);
    }

    /// <summary>One token a byte, more for what repeats; id 0 ends a text.</summary>
    public static TextEncoder Encoder()
    {
        BpeTokenizer tokenizer = new BpeTrainer(300, [EndOfText]).Train(["the cat sat on the mat and the dog sat on the cat. " + "post\nsummary\nTL;DR:"]);
        return new TextEncoder(tokenizer, vocabSize: 300);
    }

    public static ReadOnlyMemory<int>[] Sequences(int seed, int count, int vocab = 40, int minLength = 3, int maxLength = 20)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (ReadOnlyMemory<int>)Enumerable.Range(0, random.Next(minLength, maxLength + 1)).Select(_ => random.Next(vocab)).ToArray())];
    }

    public static float[] Weights(Transformer model) => Copy(ParameterBuffers.Of(model).Weights);

    public static float[] Gradients(Transformer model) => Copy(ParameterBuffers.Of(model).Gradients);

    public static string Fixture(string relative) => Path.Combine(RepositoryRoot(), "tests", "fixtures", relative);

    private static unsafe float[] Copy(Rlhf.Kernels.Memory.View<float> view) => new ReadOnlySpan<float>(view.Pointer, view.Rows).ToArray();

    private static string RepositoryRoot()
    {
        string? directory = TestContext.CurrentContext.TestDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Rlhf.Native.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("no Rlhf.Native.sln above the test directory");
    }
}

/// <summary>Keeps what a run reports.</summary>
internal sealed class RecordingObserver(Action? onStarted = null) : ITrainingObserver
{
    public List<(int Step, IReadOnlyDictionary<string, double> Metrics)> Steps { get; } = [];

    public void Started(string algorithm, int totalSteps, int firstStep) => onStarted?.Invoke();

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics) => Steps.Add((step, metrics));
}

/// <summary>A temporary directory that goes with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rlhf-training-").FullName;

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    public string Lines(string name, params string[] lines)
    {
        string path = Combine(name);
        File.WriteAllLines(path, lines);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
