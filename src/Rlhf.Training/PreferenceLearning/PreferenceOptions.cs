using Rlhf.Environments;
using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>Settings of <see cref="PreferenceTrainer"/>; defaults are the paper's for robots (Christiano et al. 2017, appendix A) unless said otherwise.</summary>
public sealed record PreferenceOptions
{
    /// <summary>Labels of the whole run, ties included, "cannot tell" and second opinions not. Default 700.</summary>
    public int Labels { get; init; } = 700;

    /// <summary>
    /// Share of the queries, 0 to 1, that two labelers are asked, so that people's agreement can be measured. A second opinion is trained on,
    /// and neither counted nor waited for. Default 0.
    /// </summary>
    public double Overlap { get; init; }

    /// <summary>Labels asked for before training, about clips of the untrained policy; null (the default): a quarter; pixels in the paper: 500.</summary>
    public int? InitialLabels { get; init; }

    /// <summary>Environment steps by the untrained policy that these clips are cut from; null (the default): twice what they are long together, at least 5,000 and two clips of each environment.</summary>
    public int? InitialSteps { get; init; }

    /// <summary>Environment steps of the whole run, the initial ones included; room for an update after these is needed. Default 1,000,000.</summary>
    public long TotalSteps { get; init; } = 1_000_000;

    /// <summary>
    /// c of the label rate c / (T + c), in frames as the paper has it: a robot's step is one, a game's as many as its action is held for
    /// (<see cref="EnvironmentSpec.FramesPerStep"/>). Default 2,000,000; pixels: 5,000,000, which are 1,250,000 steps of four frames.
    /// </summary>
    public double ScheduleScale { get; init; } = LabelSchedule.RoboticsScale;

    /// <summary>How the label rate falls. Default as in the paper.</summary>
    public LabelRate Rate { get; init; } = LabelRate.Hyperbolic;

    /// <summary>Steps of a clip; null (the default): the environment's. 1 is the ablation "no segments".</summary>
    public int? ClipLength { get; init; }

    /// <summary>How pairs are chosen. Default by the variance over members; an ensemble of one has none and asks at random.</summary>
    public SelectionRule Queries { get; init; } = SelectionRule.Variance;

    /// <summary>Candidate pairs for each that is asked. Default 10.</summary>
    public int CandidateFactor { get; init; } = QuerySelection.CandidatesPerQuery;

    /// <summary>Whether labels come during training too. Default true; false is the ablation "no online queries": all at the start.</summary>
    public bool OnlineQueries { get; init; } = true;

    /// <summary>Labels that go through the reward model for each environment step. Default 0.1, the paper's for Atari.</summary>
    public double LabelsPerStep { get; init; } = 0.1;

    /// <summary>Passes over the initial labels before training. Default 200, the paper's for Atari (imitation has the same).</summary>
    public int InitialEpochs { get; init; } = 200;

    /// <summary>Labels kept for fitting, the newest. Default 0: all; pixels: 3,000.</summary>
    public int LabelCapacity { get; init; }

    /// <summary>Steps of recent trajectories that clips are cut from. Default 16,384, or more where the initial steps need it.</summary>
    public int RecentSteps { get; init; } = 16_384;

    /// <summary>Queries that may stand open. Default 50: they age while the policy goes on.</summary>
    public int MaxOpenQueries { get; init; } = 50;

    /// <summary>Labels that may be missing from the plan before the policy waits; null (the default): 5 % of all. None may before the first update and before the last.</summary>
    public int? MaxLabelLag { get; init; }

    /// <summary>Optimizer steps of the reward model that may be missing from the plan before the policy waits. Default 500.</summary>
    public int MaxFitLag { get; init; } = 500;

    /// <summary>One activity after the other, in a fixed order: the same bits from the same seed. Default false: three at once.</summary>
    public bool Synchronous { get; init; }

    /// <summary>What the reward model is.</summary>
    public RewardModelOptions RewardModel { get; init; } = new();

    /// <summary>How it is fitted.</summary>
    public FitOptions Fit { get; init; } = new();

    /// <summary>Environment steps between checkpoints. Default 20,000; 0: none.</summary>
    public long SaveSteps { get; init; } = 20_000;

    /// <summary>Seed of clips, queries and reward model. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// The paper's settings for pixels (A.2): 5,500 labels of which 500 at the start, c of 5 million frames, the last 3,000 labels. Fewer pairs
    /// a minibatch, since a pair is 50 stacks of frames.
    /// </summary>
    public static PreferenceOptions Pixels { get; } = new()
    {
        Labels = 5500,
        InitialLabels = 500,
        ScheduleScale = LabelSchedule.PixelScale,
        LabelCapacity = 3000,
        RecentSteps = 8000,
        Fit = new FitOptions { BatchPairs = 8 },
    };

    /// <summary>The labels before training.</summary>
    public int LabelsAtStart => !OnlineQueries ? Labels : Math.Min(Labels, InitialLabels ?? (Labels + 3) / 4);

    /// <summary>Steps of a clip of an environment.</summary>
    /// <exception cref="ArgumentException">No episode is as long: nothing could ever be asked.</exception>
    public int ClipLengthFor(EnvironmentSpec environment)
    {
        int length = ClipLength ?? environment.ClipLength;
        return length >= 1 && length <= environment.Horizon
            ? length
            : throw new ArgumentException($"--clip_length: {length} steps, expected 1 to {environment.Horizon}, the longest episode of {environment.Id} (--horizon)");
    }

    /// <summary>Which label is due when.</summary>
    /// <param name="environment">The task.</param>
    /// <param name="horizon">Environment steps until the last one is.</param>
    public LabelSchedule Schedule(EnvironmentSpec environment, long horizon) => new()
    {
        Total = Labels,
        Initial = LabelsAtStart,
        Horizon = horizon,
        Scale = ScheduleScale / environment.FramesPerStep,
        Rate = Rate,
    };

    /// <summary>These settings with one part of the method taken away (§3.3).</summary>
    public PreferenceOptions Without(Ablation ablation) => ablation switch
    {
        Ablation.None => this,
        Ablation.RandomQueries => this with { Queries = SelectionRule.Random },
        Ablation.NoEnsemble => this with { Queries = SelectionRule.Random, RewardModel = RewardModel with { Members = 1 } },
        Ablation.NoOnlineQueries => this with { OnlineQueries = false },
        Ablation.NoRegularization => this with { Fit = Fit with { Regularization = Fit.Regularization with { Enabled = false } } },
        Ablation.NoSegments => this with { ClipLength = 1 },
        Ablation.Target => this with { Fit = Fit with { Target = FitTarget.Returns } },
        _ => throw new ArgumentOutOfRangeException(nameof(ablation), ablation, null),
    };
}
