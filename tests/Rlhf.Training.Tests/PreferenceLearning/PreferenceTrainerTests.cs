using Rlhf.Models.Networks;
using Rlhf.Preferences;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class PreferenceTrainerTests
{
    private static readonly PreferenceOptions Brief = new()
    {
        Labels = 24,
        TotalSteps = 2000,
        InitialSteps = 400,
        RecentSteps = 800,
        InitialEpochs = 20,
        SaveSteps = 800,
        Fit = new() { BatchPairs = 8 },
        Synchronous = true,
    };

    private string _directory = null!;

    [SetUp]
    public void Create() => _directory = Directory.CreateTempSubdirectory("rlhf-prefs-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Synchronous_GivesTheSameBits_FromTheSameSeed()
    {
        (float[] Policy, float[] Reward, float[] Labels) first = Run(Brief, "a"), second = Run(Brief, "b"), other = Run(Brief with { Seed = 2 }, "c", policySeed: 1);
        Assert.Multiple(() =>
        {
            Assert.That(second.Labels, Is.EqualTo(first.Labels));
            Assert.That(second.Reward, Is.EqualTo(first.Reward));
            Assert.That(second.Policy, Is.EqualTo(first.Policy));
            Assert.That(other.Policy, Is.Not.EqualTo(first.Policy), "clips and reward model have their part in it");
        });
    }

    [Test]
    public void Labels_FollowThePlan_AndAQuarterComesBeforeTheFirstUpdate()
    {
        var watcher = new Watcher();
        Run(Brief, "a", watcher: watcher);
        Assert.Multiple(() =>
        {
            Assert.That(watcher.Asked.TakeWhile(query => query.Step <= 400).Count(), Is.InRange(6, 8));
            Assert.That(watcher.Updates.Select(metrics => metrics[MetricNames.LabelCount]), Is.Ordered.Ascending);
            Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
            Assert.That(watcher.Asked, Has.Count.EqualTo(24));
            Assert.That(watcher.Updates, Has.Count.EqualTo((2000 - 400) / 200), "as many steps as were wanted, and no round more");
            Assert.That(watcher.Updates[^1].Keys, Is.SupersetOf(new[]
            {
                MetricNames.RewardCorrelation, MetricNames.RewardLossRatio, MetricNames.RewardL2, MetricNames.LabelPlan,
                MetricNames.RewardDisagreement, MetricNames.RewardValidationAccuracy, MetricNames.RewardCollapses, MetricNames.TimeReward,
            }));
            Assert.That(watcher.Updates.Select(metrics => metrics[MetricNames.RewardStaleness]), Is.All.Zero);
        });
    }

    [Test]
    public void Policy_LearnsFromTheModel_AndNeverFromTheTrueReward()
    {
        // The model sees nothing but comparisons, and the policy nothing but the model: an oracle that lies turns the run around.
        var honest = new Watcher();
        var liar = new Watcher();
        PreferenceOptions options = Brief with { Labels = 60, TotalSteps = 6000, InitialEpochs = 60 };
        Run(options, "honest", watcher: honest);
        Run(options, "liar", watcher: liar, oracle: new OracleOptions { ErrorRate = 1 });
        Assert.Multiple(() =>
        {
            Assert.That(honest.Updates.Max(metrics => metrics[MetricNames.RewardCorrelation]), Is.GreaterThan(0.5));
            Assert.That(liar.Updates.Min(metrics => metrics[MetricNames.RewardCorrelation]), Is.LessThan(-0.5));
        });
    }

    [Test]
    public void CannotTell_IsNotTrainedOn_AndAskedForAgain()
    {
        var watcher = new Watcher();
        (_, _, float[] labels) = Run(Brief, "a", watcher: watcher, oracle: new OracleOptions { CannotTellRate = 0.5, TieThreshold = 0.5 });
        Assert.Multiple(() =>
        {
            Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
            Assert.That(watcher.Asked, Has.Count.GreaterThan(30));
            Assert.That(labels, Has.Length.EqualTo(24).And.All.AnyOf(0f, 0.5f, 1f));
            Assert.That(labels, Does.Contain(0.5f), "ties are");
        });
    }

    [Test]
    public void EveryAblation_RunsToItsEnd([Values] Ablation ablation)
    {
        var watcher = new Watcher();
        Run(Brief.Without(ablation), "a", watcher: watcher);
        Assert.Multiple(() =>
        {
            Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
            Assert.That(watcher.Asked.Count(query => query.Step <= 400), ablation == Ablation.NoOnlineQueries ? Is.EqualTo(24) : Is.EqualTo(6));
            Assert.That(watcher.Updates[^1][MetricNames.RewardL2], ablation == Ablation.NoRegularization ? Is.Zero : Is.GreaterThan(0));
        });
    }

    [Test]
    public void ThreeActivities_EndTogether_WithAllLabels()
    {
        var watcher = new Watcher();
        Run(Brief with { Synchronous = false }, "a", watcher: watcher);
        Assert.That(watcher.Finished!.Labels, Is.InRange(20, 24));
        Assert.That(watcher.Finished.FitSteps, Is.GreaterThan(0));
    }

    [Test]
    public void Policy_WaitsForLabels_AndSaysSo()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "people.db"));
        using var stop = new CancellationTokenSource();
        var watcher = new Watcher { OnChanged = status => { if (status.Policy is not null && status.Queries is not null) stop.Cancel(); } };
        using PreferenceTrainer trainer = Trainer(store, Brief with { Synchronous = false, MaxOpenQueries = 4 }, watcher, oracle: null);
        Assert.That(() => trainer.Train(cancellation: stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.Multiple(() =>
        {
            Assert.That(trainer.Status.Policy, Does.StartWith("waits for labels: 0 of "));
            Assert.That(trainer.Status.Queries, Is.EqualTo("wait for labelers: 4 open"));
            Assert.That(trainer.Status.Fitting ?? "waits for labels", Does.StartWith("waits for labels"));
            Assert.That(watcher.Asked, Has.Count.EqualTo(4), "open queries are bounded");
            Assert.That(trainer.Trainer.Update, Is.Zero);
        });
    }

    [Test]
    public void LabelsOfAnotherProcess_Count()
    {
        string path = Path.Combine(_directory, "shared.db");
        using var store = new PreferenceStore(path);
        var people = new Thread(() =>
        {
            // A labeler with a connection of its own, as another process has it, who always says left.
            using var other = new PreferenceStore(path);
            long labeler = other.AddOracle("someone").Id;
            while (other.FindRun("chain") is not { } run || other.GetProgress(run.Id).Answered < 24)
            {
                if (other.FindRun("chain") is { } known && other.Claim(labeler, known.Id) is { } claim)
                    other.Answer(claim.Id, labeler, Judgement.Of(Answer.Left));
            }
        });
        people.Start();
        using PreferenceTrainer trainer = Trainer(store, Brief with { Synchronous = false, MaxLabelLag = 0 }, null, oracle: null);
        trainer.Train();
        people.Join();
        Assert.That(store.GetComparisons(trainer.Run.Id).Added, Has.Count.EqualTo(24));
    }

    [Test]
    public void SecondOpinions_AreTrainedOn_AndNeitherCountedNorWaitedFor()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "overlap.db"));
        long bob = store.InviteLabeler("Bob").Labeler.Id;
        Watcher watcher = new() { OnUpdated = AskBob }, again = new();
        PreferenceOptions options = Brief with { Overlap = 0.25 };
        long run;
        using (PreferenceTrainer trainer = Trainer(store, options, watcher))
        {
            trainer.Train();
            run = trainer.Run.Id;
        }

        using (PreferenceTrainer trainer = Trainer(store, options, again))
            trainer.Train();
        Assert.Multiple(() =>
        {
            Assert.That(watcher.Asked.Select(query => query.AnswersWanted), Is.EqualTo(Enumerable.Range(1, 24).Select(n => n % 4 == 0 ? 2 : 1)));
            Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
            Assert.That(watcher.Updates[^1][MetricNames.LabelCount], Is.EqualTo(24));
            Assert.That(store.GetComparisons(run).Added.Count(label => label.LabelerId == bob), Is.InRange(2, 6));
            Assert.That(store.GetComparisons(run).Added.Count(label => label.LabelerId != bob), Is.EqualTo(24));
            Assert.That(again.Asked, Is.Empty, "the plan is met by what is in the store");
            Assert.That(again.Finished!.Labels, Is.EqualTo(24));
        });

        // Not sure at first, and then of another mind: what is taken back was no label.
        void AskBob(int update)
        {
            long chain = store.FindRun("chain")!.Id;
            if (update == 4)
                store.Undo(bob, chain);
            while (update >= 3 && store.Claim(bob, chain) is { } claim)
                store.Answer(claim.Id, bob, Judgement.Of(update == 3 ? Answer.CannotTell : Answer.Left));
        }
    }

    [Test]
    public void Resumed_RunKeepsEveryLabel_AndAsksOnlyWhatIsMissing()
    {
        string path = Path.Combine(_directory, "resumed.db"), output = Path.Combine(_directory, "run");
        TrainingRun run = TrainingRun.Open(output, []);
        using (var store = new PreferenceStore(path))
        using (var stop = new CancellationTokenSource())
        {
            var watcher = new Watcher { OnUpdated = update => { if (update == 5) stop.Cancel(); } };
            using PreferenceTrainer trainer = Trainer(store, Brief, watcher);
            Assert.That(() => trainer.Train(run, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        }

        using (var store = new PreferenceStore(path))
        {
            var watcher = new Watcher();
            using PreferenceTrainer trainer = Trainer(store, Brief, watcher);
            long before = store.GetComparisons(trainer.Run.Id).Added.Count;
            Assert.That(before, Is.GreaterThan(6));
            trainer.Resume(TrainingRun.LatestCheckpoint(output));
            Assert.That(trainer.Trainer.Update, Is.GreaterThan(0));
            trainer.Train(run);
            trainer.Finish(run);
            Assert.Multiple(() =>
            {
                Assert.That(watcher.Asked, Has.Count.EqualTo(24 - before));
                Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
                Assert.That(store.GetComparisons(trainer.Run.Id).Added, Has.Count.EqualTo(24));
                Assert.That(File.Exists(Path.Combine(output, "reward_model", "reward_model.safetensors")));
            });
        }
    }

    [Test]
    public void ClipsThatNoEpisodeHolds_AreRefused_BeforeThereIsARun()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "clips.db"));
        Assert.That(
            () => Trainer(store, Brief with { ClipLength = 41 }, null),
            Throws.ArgumentException.With.Message.EqualTo("--clip_length: 41 steps, expected 1 to 40, the longest episode of chain (--horizon)"));
        Assert.That(store.GetRuns(), Is.Empty);
    }

    [Test]
    public void StepsThatLeaveNoUpdate_AreRefused_BeforeThereIsARun()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "steps.db"));
        foreach (long steps in (long[])[1, 400, 599])
        {
            Assert.That(
                () => Trainer(store, Brief with { TotalSteps = steps }, null),
                Throws.ArgumentException.With.Message.EqualTo($"--steps: {steps}, of which the untrained policy makes 400; expected at least 600, for one update from 200"));
        }

        Assert.That(store.GetRuns(), Is.Empty);
    }

    [TestCase(600)]
    [TestCase(800)]
    public void TheWholePlan_IsDueBeforeTheLastUpdate_BeItTheOnlyOne(long steps)
    {
        var watcher = new Watcher();
        Run(Brief with { TotalSteps = steps }, "a", watcher: watcher);
        Assert.That(watcher.Finished!.Labels, Is.EqualTo(24));
        Assert.That(watcher.Updates, Has.Count.EqualTo((steps - 400) / 200));
    }

    [Test]
    public void EpisodesShorterThanAClip_EndTheRun_InsteadOfWaitingForEver([Values] bool synchronous)
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "short.db"));
        using PreferenceTrainer trainer = Trainer(store, Brief with { Synchronous = synchronous }, null, new OracleOptions(), life: (7, 7));
        Assert.That(() => trainer.Train(), Throws.ArgumentException.With.Message.EqualTo(
            "--clip_length: 8 steps, and the untrained policy's longest episode of chain has 7; expected --clip_length below 7, or episodes of fixed length (--form paper, where a task has it)"));
    }

    [Test]
    public void TheOnlyClip_IsNotWaitedFor_ToDifferFromItself()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "one.db"));
        using PreferenceTrainer trainer = Trainer(store, Brief with { InitialSteps = 8 }, null, new OracleOptions(), count: 1);
        Assert.That(() => trainer.Train(), Throws.ArgumentException.With.Message.StartsWith("--clip_length: 8 steps, and the untrained policy's longest episode of chain has 8; expected --clip_length below 8, "));
    }

    [Test]
    public void EpisodesThatGrowTooShort_CostLabels_AndTheRunSaysSo([Values] bool synchronous)
    {
        // What is left of the untrained policy's clips is pushed out of the buffer after four updates.
        var watcher = new Watcher();
        Run(Brief with { Synchronous = synchronous, MaxOpenQueries = 2 }, "a", watcher: watcher, life: (30, 7));
        Assert.That(watcher.Finished!.Steps, Is.EqualTo(2000));
        Assert.That(watcher.Finished.Labels, Is.InRange(6, 23));
        Assert.That(watcher.Warnings[^1], Does.EndWith("of 24 labels: a clip has 8 steps, and no episode of late more than 7"));
    }

    [Test]
    public void EpisodesThatEndEarly_AreWarnedAbout()
    {
        Watcher ending = new(), steady = new();
        Run(Brief, "a", watcher: ending, life: (20, 20));
        Run(Brief, "b", watcher: steady);
        Assert.That(ending.Warnings, Is.EqualTo(new[]
        {
            "20 episodes of the untrained policy ended before the horizon of 40 steps: the length of an episode gives the reward away (--form paper, where a task has it, fixes lengths)",
        }));
        Assert.That(steady.Warnings, Is.Empty);
    }

    [Test]
    public void Run_OfAnotherEnvironment_IsRefused()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "other.db"));
        store.AddRun(new PreferenceRun { Name = "chain", Environment = "hopper", Instructions = "right" });
        Assert.That(() => Trainer(store, Brief, null), Throws.TypeOf<Models.DataFormatException>().With.Message.Contains("run 'chain' is about hopper, expected chain"));
    }

    [Test]
    public void FailureOfAnActivity_EndsTheRun_WithItsError()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "failing.db"));
        var watcher = new Watcher { OnAsked = () => throw new InvalidOperationException("no room for queries") };
        using PreferenceTrainer trainer = Trainer(store, Brief with { Synchronous = false }, watcher);
        Assert.That(() => trainer.Train(), Throws.InvalidOperationException.With.Message.EqualTo("no room for queries"));
    }

    // Life: after how many steps episodes end, those of the untrained policy and the others.
    private static PreferenceTrainer Trainer(
        PreferenceStore store, PreferenceOptions options, IPreferenceObserver? watcher, OracleOptions? oracle, ulong policySeed = 1, (int Untrained, int Trained)? life = null, int count = 4) => new(
        Small.Kernels,
        store,
        new PreferenceTask
        {
            Name = "chain",
            CreateEnvironments = seed => ChainEnvironment.Many(count, seed, life: (seed == options.Seed ? life?.Trained : life?.Untrained) ?? int.MaxValue),
            CreateTrainer = (environments, steps, rewards, observer) => new TrpoTrainer(
                Small.Kernels,
                environments,
                new TrpoConfig { TotalSteps = steps, BatchSize = 200, Seed = policySeed, Critic = new() { Epochs = 2 }, Policy = new() { HiddenSizes = [16] } },
                rewards,
                observer),
            Oracle = oracle,
        },
        options,
        watcher);

    private static PreferenceTrainer Trainer(PreferenceStore store, PreferenceOptions options, IPreferenceObserver? watcher) =>
        Trainer(store, options, watcher, new OracleOptions());

    private static float[] Weights(Network network) => [.. Enumerable.Range(0, network.Weights.Rows).Select(i => network.Weights[i])];

    private (float[] Policy, float[] Reward, float[] Labels) Run(
        PreferenceOptions options, string name, Watcher? watcher = null, OracleOptions? oracle = null, ulong? policySeed = null, (int Untrained, int Trained)? life = null)
    {
        using var store = new PreferenceStore(Path.Combine(_directory, $"{name}.db"));
        using PreferenceTrainer trainer = Trainer(store, options, watcher, oracle ?? new OracleOptions(), policySeed ?? options.Seed, life);
        trainer.Train();
        using RewardEnsemble reward = trainer.CopyRewardModel();
        return (Weights(trainer.Trainer.Policy.Network), Weights(reward.Network), [.. store.GetComparisons(trainer.Run.Id).Added.Select(label => label.FirstWeight)]);
    }

    private sealed class Watcher : IPreferenceObserver
    {
        public List<Query> Asked { get; } = [];

        public List<IReadOnlyDictionary<string, double>> Updates { get; } = [];

        public List<string> Warnings { get; } = [];

        public PreferenceStatus? Finished { get; private set; }

        public Action<PreferenceStatus>? OnChanged { get; init; }

        public Action<int>? OnUpdated { get; init; }

        public Action? OnAsked { get; init; }

        void IPreferenceObserver.Asked(IReadOnlyList<Query> queries)
        {
            OnAsked?.Invoke();
            Asked.AddRange(queries);
        }

        void IPreferenceObserver.Changed(PreferenceStatus status) => OnChanged?.Invoke(status);

        void IPreferenceObserver.Updated(int update, IReadOnlyDictionary<string, double> metrics)
        {
            Updates.Add(metrics);
            OnUpdated?.Invoke(update);
        }

        void IPreferenceObserver.Warned(string message) => Warnings.Add(message);

        void IPreferenceObserver.Finished(PreferenceStatus status) => Finished = status;
    }
}
