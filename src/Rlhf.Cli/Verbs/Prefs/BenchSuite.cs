namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>A figure of Christiano et al. 2017 as a grid of runs.</summary>
/// <param name="Name">What <c>--suite</c> takes.</param>
/// <param name="Title">What its figure shows.</param>
/// <param name="Tasks">Environments.</param>
/// <param name="Labels">Label counts unless <c>--labels</c> gives others.</param>
/// <param name="Steps">Environment steps of each run unless <c>--steps</c> gives others.</param>
/// <param name="Ablations">Parts to take away, one at a time; empty: label counts are compared instead.</param>
internal sealed record BenchSuite(
    string Name, string Title, IReadOnlyList<string> Tasks, IReadOnlyList<int> Labels, long Steps, IReadOnlyList<string> Ablations)
{
    private static readonly string[] Robots =
        ["hopper", "walker", "swimmer", "half-cheetah", "ant", "reacher", "inverted-double-pendulum", "inverted-pendulum"];

    /// <summary>
    /// The suites. Steps are below the paper's tens of millions, so that a seed of all robots is a night on two cores; 3,300 to 10,000 labels
    /// for pixels are those of the paper's figure.
    /// </summary>
    public static IReadOnlyList<BenchSuite> All { get; } =
    [
        new("robotics", "Robots: true return over steps, from labels and from the true reward (figure 2)", Robots, [350, 700, 1400], 1_000_000, []),
        new("pixels", "Games: true return over steps, from labels and from the true reward (figure 3)", ["pong", "breakout", "enduro"], [3300, 5600, 10000], 5_000_000, []),
        new("ablations", "Robots: what each part of the method is worth (figure 5)", Robots, [700], 1_000_000,
            ["random_queries", "no_ensemble", "no_online_queries", "no_regularization", "no_segments", "target"]),
    ];

    /// <summary>Whether the tasks are seen as pixels.</summary>
    public bool IsPixels => Name == "pixels";

    /// <summary>All runs, so that the first results of every task come first: seed by seed, task by task.</summary>
    public IReadOnlyList<BenchCell> Cells(IReadOnlyList<string> tasks, IReadOnlyList<int> labels, int seeds) =>
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
