namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>A figure of Christiano et al. 2017 as a grid of runs.</summary>
/// <param name="Name">What <c>--suite</c> takes.</param>
/// <param name="Title">What its figure shows.</param>
/// <param name="Tasks">Environments with their settings.</param>
/// <param name="Labels">Label counts unless <c>--labels</c> gives others.</param>
/// <param name="Ablations">Parts to take away, one at a time; empty: label counts are compared instead.</param>
internal sealed record BenchSuite(
    string Name, string Title, IReadOnlyList<BenchTask> Tasks, IReadOnlyList<int> Labels, IReadOnlyList<string> Ablations)
{
    // Settings are those of recorded runs: half-cheetah, reacher and pong of perf/results/preference-gates.json, hopper and the inverted pendulum
    // of control-gates.json. The others, of which none are recorded, have the defaults. A million steps is below the paper's tens of millions, so
    // that a seed of all robots is a night on two cores.
    private static readonly BenchTask[] Robots =
    [
        new("hopper", 1_000_000),
        new("walker", 1_000_000),
        new("swimmer", 1_000_000),
        new("half-cheetah", 400_000, LabelOptions: "--synchronous true"),
        new("ant", 1_000_000),
        new("reacher", 500_000, "--gamma 0.95", "--synchronous true"),
        new("inverted-double-pendulum", 1_000_000),
        new("inverted-pendulum", 100_000, "--batch_size 2000"),
    ];

    private static readonly BenchTask[] Games =
    [
        new("pong", 300_000, "--trunk mnih2013 --learning_rate 0.002 --entropy_coef 0.02 --rmsprop_start 0", "--reward_std 0.25 --initial_epochs 8 --labels_per_step 0.04"),
        new("breakout", 5_000_000),
        new("enduro", 5_000_000),
    ];

    /// <summary>The suites. Of the games' label counts the first is that of the recorded runs of pong, the others are the paper's.</summary>
    public static IReadOnlyList<BenchSuite> All { get; } =
    [
        new("robotics", "Robots: true return over steps, from labels and from the true reward (figure 2)", Robots, [350, 700, 1400], []),
        new("pixels", "Games: true return over steps, from labels and from the true reward (figure 3)", Games, [1500, 3300, 5600], []),
        new("ablations", "Robots: what each part of the method is worth (figure 5)", Robots, [700],
            ["random_queries", "no_ensemble", "no_online_queries", "no_regularization", "no_segments", "target"]),
    ];

    /// <summary>All runs, so that the first results of every task come first: seed by seed, task by task.</summary>
    public IReadOnlyList<BenchCell> Cells(IReadOnlyList<BenchTask> tasks, IReadOnlyList<int> labels, int seeds) =>
    [
        .. from seed in Enumerable.Range(1, seeds)
           from task in tasks
           from way in Ways(labels)
           select new BenchCell(task, way.Name, way.Labels, way.Ablation, seed),
    ];

    private IEnumerable<(string Name, int Labels, string Ablation)> Ways(IReadOnlyList<int> labels)
    {
        yield return (BenchCell.TrueReward, 0, "none");
        foreach (int count in labels)
        {
            yield return ($"{count} labels", count, "none");
            foreach (string ablation in Ablations)
                yield return (labels.Count == 1 ? ablation.Replace('_', ' ') : $"{ablation.Replace('_', ' ')}, {count} labels", count, ablation);
        }
    }
}
