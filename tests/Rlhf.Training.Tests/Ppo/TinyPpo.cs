using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

/// <summary>A whole PPO run small enough for a test: 17 tokens, two layers, a reward that counts one token.</summary>
internal sealed class TinyPpo : IDisposable
{
    public const int Vocabulary = 17, Eos = 16, Wanted = 3;

    private readonly CpuKernels _kernels;

    public TinyPpo(PpoConfig config, Func<Completion, double>? reward = null, ulong seed = 5, int threads = 1, LanguageModel? policy = null, ScalarModel? value = null, RolloutRecord? replay = null, ITrainingObserver? log = null)
    {
        _kernels = new CpuKernels(threads);
        ModelConfig model = ModelConfig.SmallGpt2(Vocabulary, hiddenSize: 16, layers: 2, heads: 2, maxPositions: 64, eosTokenId: Eos);
        Reference = LanguageModel.Initialize(model with { InitializerRange = 0.2 }, seed);
        Policy = policy ?? Reference.Clone();
        Value = value ?? ScalarModel.FromLayers(Reference.Transformer, seed, zeroHead: true);
        Trainer = new PpoTrainer(
            _kernels,
            new PpoModels(Policy, Reference, Value),
            new FunctionReward(reward ?? CountWanted),
            new PpoData { Prompts = Prompts(seed), Decode = tokens => string.Join(' ', tokens), EosTokenId = Eos, Pretraining = Pretraining(seed), Replay = replay },
            config,
            log is null ? Log : new ObserverGroup(Log, log));
    }

    public LanguageModel Policy { get; }

    public LanguageModel Reference { get; }

    public ScalarModel Value { get; }

    public PpoTrainer Trainer { get; }

    public Recorder Log { get; } = new();

    /// <summary>Settings under which a run takes a fraction of a second.</summary>
    public static PpoConfig Config => new()
    {
        LearningRate = 3e-3,
        PerDeviceTrainBatchSize = 16,
        TotalEpisodes = 32,
        ResponseLength = 6,
        StopTokenId = Eos,
        Temperature = 1,
        NumPpoEpochs = 2,
        NumMiniBatches = 2,
        NumSampleGenerations = 0,
        Seed = 11,
    };

    /// <summary>Share of the wanted token.</summary>
    public static double CountWanted(Completion completion) =>
        completion.ResponseTokens.Count(token => token == Wanted) / (double)Math.Max(1, completion.ResponseTokens.Length);

    /// <summary>Prompts of different lengths.</summary>
    public static List<TokenText> Prompts(ulong seed)
    {
        var random = new Random((int)seed);
        return [.. Enumerable.Range(0, 24).Select(_ =>
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(Vocabulary - 1))];
            return new TokenText(string.Join(' ', ids), ids);
        })];
    }

    /// <summary>All weights of a model.</summary>
    public static float[] Weights(Transformer model)
    {
        float[] weights = new float[model.Weights.Rows];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = model.Weights[i];
        return weights;
    }

    public void Dispose()
    {
        Trainer.Dispose();
        Policy.Dispose();
        Reference.Dispose();
        Value.Dispose();
        _kernels.Dispose();
    }

    private static List<LanguageExample> Pretraining(ulong seed) =>
        [.. Prompts(seed + 1).Where(prompt => prompt.Ids.Length > 1).Select(prompt => new LanguageExample(prompt.Ids, 1))];

    /// <summary>Keeps everything that a trainer reports.</summary>
    public sealed class Recorder : ITrainingObserver
    {
        public List<IReadOnlyDictionary<string, double>> Steps { get; } = [];

        public List<int[]> Responses { get; } = [];

        public List<IReadOnlyList<CompletionSample>> Rollouts { get; } = [];

        public List<IReadOnlyList<CompletionSample>> Samples { get; } = [];

        public IEnumerable<double> this[string metric] => Steps.Select(step => step[metric]);

        public Action<int>? OnStep { get; set; }

        public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
        {
            Steps.Add(metrics);
            OnStep?.Invoke(step);
        }

        public void Drew(int step, long firstEpisode, IReadOnlyList<int[]> responses) => Responses.AddRange(responses);

        public void Collected(int step, IReadOnlyList<CompletionSample> samples) => Rollouts.Add(samples);

        public void Sampled(int step, IReadOnlyList<CompletionSample> samples) => Samples.Add(samples);
    }
}
