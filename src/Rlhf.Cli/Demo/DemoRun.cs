using System.Diagnostics;
using Rlhf.Kernels;
using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Models.Tokenization;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;
using Rlhf.Training.Reward;
using Rlhf.Training.Sft;

namespace Rlhf.Cli.Demo;

/// <summary>
/// One seed of the demo, from random weights: supervised training → comparisons → reward model → PPO → judgement.
/// <see cref="Run"/> reads like InstructGPT's figure 2.
/// </summary>
internal sealed class DemoRun
{
    private const int RewardCheckBatch = 64;
    private const string EndOfText = "<|endoftext|>", Pad = "[PAD]";
    private readonly IKernels _kernels;
    private readonly DemoSettings _settings;
    private readonly ValenceLexicon _lexicon;
    private readonly TextEncoder _encoder;
    private readonly ITrainingObserver _observer;
    private readonly CancellationToken _cancellation;
    private readonly int _seed;
    private readonly DemoFiles _files;
    private readonly PolicyJudge _judge;
    private readonly HumanRankings? _person;
    private readonly Dictionary<string, double> _seconds = [];
    private readonly IReadOnlyList<LanguageExample> _text, _heldOutText;
    private readonly TokenText[] _openings, _heldOutOpenings;

    public DemoRun(
        IKernels kernels, DemoSettings settings, AddressCorpus corpus, ValenceLexicon lexicon, TextEncoder encoder, int seed, DemoFiles files, ITrainingObserver observer, HumanRankings? person, CancellationToken cancellation)
    {
        _person = person;
        _files = files;
        _kernels = kernels;
        _settings = settings;
        _lexicon = lexicon;
        _encoder = encoder;
        _seed = seed;
        _observer = observer;
        _cancellation = cancellation;
        _judge = new PolicyJudge(kernels, encoder, lexicon, settings);
        _text = Pack(corpus.Train);
        _heldOutText = [.. Pack(corpus.HeldOut).Take(settings.HeldOutSequences)];
        _openings = Openings(corpus.Train);
        _heldOutOpenings = Openings(corpus.HeldOut);
    }

    /// <summary>A tokenizer trained on the training addresses; the same for every seed.</summary>
    public static TextEncoder TrainTokenizer(AddressCorpus corpus, DemoSettings settings) =>
        new(new BpeTrainer(settings.VocabSize, [EndOfText, Pad]).Train(corpus.Train), settings.VocabSize);

    public SeedReport Run()
    {
        var curves = new CurveRecorder(_observer);
        using LanguageModel sft = Timed("SFT", () => TrainLanguageModel(curves));
        double sftLoss = Timed("SFT check", () => _judge.MeanLoss(sft, _heldOutText));
        IReadOnlyList<Ranking> rankings = Timed("comparisons", () => _person is null
            ? Compare(sft, TrainingPrompts(_settings.RewardPrompts), withErrors: true)
            : _person.Collect($"demo, seed {_seed}", Continue(sft, TrainingPrompts(_settings.HumanRankings), Stream(2)), _cancellation));
        using ScalarModel reward = Timed("reward model", () => TrainRewardModel(sft, rankings, curves));
        (double accuracy, int comparisons) = Timed("reward check", () => CheckRewardModel(sft, reward));
        using LanguageModel ppo = Timed("PPO", () => ImprovePolicy(sft, reward, curves));
        _files.Save(_encoder, sft, reward, ppo);
        _files.Save(rankings, _openings, _heldOutOpenings);
        var (evaluation, samples) = Timed("judgement", () =>
            _judge.Compare(sft, ppo, [.. _heldOutOpenings.Take(_settings.EvalPrompts)], _heldOutText, sftLoss, Stream(5)));
        return new SeedReport
        {
            Seed = _seed,
            Parameters = sft.Transformer.Weights.Count,
            UnigramLoss = UnigramLoss(),
            SftLoss = sftLoss,
            RewardAccuracy = accuracy,
            RewardComparisons = comparisons,
            Evaluation = evaluation,
            SftCurve = curves.Of("sft", MetricNames.Loss, over: MetricNames.NumTokens),
            RewardCurve = curves.Of("reward", MetricNames.Accuracy),
            ScoreCurve = curves.Of("ppo", MetricNames.Scores),
            KlCurve = curves.Of("ppo", MetricNames.Kl),
            Samples = samples,
            Seconds = _seconds,
        };
    }

    private LanguageModel TrainLanguageModel(ITrainingObserver observer)
    {
        ModelConfig config = ModelConfig.SmallGpt2(
            _settings.VocabSize, _settings.HiddenSize, _settings.Layers, _settings.Heads, _settings.ContextLength, _encoder.EosId, _encoder.Tokenizer.TokenToId(Pad));
        LanguageModel model = LanguageModel.Initialize(config, Stream(0));
        using var trainer = new SftTrainer(model, _kernels, _text, new SftConfig
        {
            LearningRate = _settings.SftLearningRate,
            BatchSize = _settings.SftBatch,
            MaxSteps = _settings.SftTokens / (_settings.SftBatch * _settings.ContextLength),
            Schedule = ScheduleKind.Cosine,
            WarmupSteps = 20,
            Seed = Stream(1),
        });
        trainer.Train(observer, cancellation: _cancellation);
        return model;
    }

    /// <summary>K continuations of each prompt, ranked by the labeler.</summary>
    private List<Ranking> Compare(LanguageModel policy, TokenText[] prompts, bool withErrors)
    {
        var labeler = new LexiconLabeler(_lexicon, withErrors ? _settings.LabelErrorRate : 0, (int)Stream(2));
        return
        [
            .. Continue(policy, prompts, Stream(withErrors ? 2 : 3)).Select(each => new Ranking(
                each.Prompt, each.Completions, labeler.Rank(Array.ConvertAll(each.Completions, completion => completion.Text)))),
        ];
    }

    /// <summary>K continuations of each prompt.</summary>
    private List<(TokenText Prompt, TokenText[] Completions)> Continue(LanguageModel policy, TokenText[] prompts, ulong seed)
    {
        int k = _settings.ResponsesPerPrompt;
        using var sampler = new ContinuationSampler(policy, _kernels, _encoder, _settings.ResponseLength);
        TokenText[] repeated = [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, k))];
        return [.. sampler.Continue(repeated, seed).Chunk(k).Select((group, i) => (prompts[i], Array.ConvertAll(group, continuation => continuation.Text)))];
    }

    private ScalarModel TrainRewardModel(LanguageModel sft, IReadOnlyList<Ranking> rankings, ITrainingObserver observer)
    {
        ScalarModel reward = ScalarModel.FromLayers(sft.Transformer, Stream(3));
        using var trainer = new RewardTrainer(reward, _kernels, RewardExamples.From(rankings, _settings.ContextLength), new RewardConfig
        {
            LearningRate = _settings.RewardLearningRate,
            BatchSize = _settings.RewardBatchPrompts,
            NormalizeBefore = false,
            Optimizer = new AdamWOptions { Beta2 = (float)_settings.RewardAdamBeta2 },
            Epochs = _settings.RewardEpochs,
            Schedule = ScheduleKind.Cosine,
            WarmupSteps = 10,
            Seed = Stream(3),
        });
        ReadOnlyMemory<int>[] samples =
        [
            .. rankings.Take(_settings.RewardNormalizeSamples).Select(ranking => (ReadOnlyMemory<int>)(int[])[.. ranking.Prompt.Ids, .. ranking.Completions[0].Ids]),
        ];
        trainer.Train(observer, normalizer: new RewardNormalizer(samples, RewardNormalization.Standardize), cancellation: _cancellation);
        return reward;
    }

    /// <summary>PPO on the training openings; the value model starts as a copy of the reward model (InstructGPT).</summary>
    private LanguageModel ImprovePolicy(LanguageModel sft, ScalarModel reward, ITrainingObserver observer)
    {
        LanguageModel policy = sft.Clone();
        using ScalarModel value = reward.Clone();
        using var scorer = new RewardModelReward(reward, _settings.PpoBatch);
        var data = new PpoData
        {
            Prompts = _openings,
            EvalPrompts = _heldOutOpenings,
            Pretraining = _text,
            Decode = ids => _encoder.Decode(ids),
            EosTokenId = _encoder.EosId,
        };
        using var trainer = new PpoTrainer(_kernels, new PpoModels(policy, sft, value), scorer, data, new PpoConfig
        {
            LearningRate = _settings.PpoLearningRate,
            TotalEpisodes = (long)_settings.PpoUpdates * _settings.PpoBatch,
            PerDeviceTrainBatchSize = _settings.PpoBatch,
            LocalRolloutForwardBatchSize = _settings.PpoBatch,
            NumMiniBatches = _settings.PpoMiniBatches,
            NumPpoEpochs = _settings.PpoEpochs,
            NumSampleGenerations = 0,
            ResponseLength = _settings.ResponseLength,
            Temperature = 1,
            KlCoef = (float)_settings.KlCoef,
            PtxCoef = (float)_settings.PtxCoef,
            PtxBatchSize = _settings.PtxBatch,
            Seed = Stream(4),
        }, observer);
        trainer.Train(cancellation: _cancellation);
        return policy;
    }

    /// <summary>Accuracy on openings from held-out addresses, labelled without mistakes; ties are no comparison.</summary>
    private (double Accuracy, int Comparisons) CheckRewardModel(LanguageModel sft, ScalarModel reward)
    {
        TokenText[] prompts = [.. _heldOutOpenings.Skip(_settings.EvalPrompts).Take(_settings.RewardHeldOutPrompts)];
        using var loss = new RewardLoss(reward, _kernels);
        PreferenceStats stats = loss.Evaluate(RewardExamples.From(Compare(sft, prompts, withErrors: false), _settings.ContextLength), RewardCheckBatch);
        return (stats.Accuracy, (int)stats.Pairs);
    }

    private TokenText[] TrainingPrompts(int count)
    {
        var order = new ShuffledOrder(_openings.Length, Stream(2));
        return Array.ConvertAll(order.Take(0, count), index => _openings[index]);
    }

    private double UnigramLoss() => UnigramModel.Loss(Flatten(_text), Flatten(_heldOutText), _settings.VocabSize);

    private static int[] Flatten(IReadOnlyList<LanguageExample> examples) => [.. examples.SelectMany(example => example.Ids.ToArray())];

    private IReadOnlyList<LanguageExample> Pack(IReadOnlyList<string> texts) =>
        LanguageExamples.Pack([.. texts.Select(_encoder.Encode)], _settings.ContextLength, _encoder.EosId);

    private TokenText[] Openings(IReadOnlyList<string> texts) =>
    [
        .. AddressCorpus.Openings(texts, _settings.MinOpeningWords, _settings.MaxOpeningWords).Select(_encoder.Encode)
            .Where(opening => opening.Ids.Length + _settings.ResponseLength <= _settings.ContextLength),
    ];

    /// <summary>Independent random streams from one seed.</summary>
    private ulong Stream(int use) => ((ulong)_seed * 1000) + (ulong)use;

    private T Timed<T>(string stage, Func<T> work)
    {
        var clock = Stopwatch.StartNew();
        T result = work();
        _seconds[stage] = clock.Elapsed.TotalSeconds;
        return result;
    }
}
