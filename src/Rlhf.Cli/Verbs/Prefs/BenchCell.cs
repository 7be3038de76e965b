using System.Globalization;
using Rlhf.Environments.Pixels;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>One run of a grid: a task learned in one way from one seed.</summary>
/// <param name="Task">The environment with its settings.</param>
/// <param name="Way">What its curve is called: <see cref="TrueReward"/>, labels, or an ablation.</param>
/// <param name="Labels">Comparisons; 0 for the true reward.</param>
/// <param name="Ablation">What <c>--ablation</c> takes.</param>
/// <param name="Seed">Of everything.</param>
internal sealed record BenchCell(BenchTask Task, string Way, int Labels, string Ablation, int Seed)
{
    /// <summary>The way that everything is measured against.</summary>
    public const string TrueReward = "true reward";

    /// <summary>Its folder below the grid's: the count is in it, so that grids of other counts stand beside each other.</summary>
    public string Folder => Path.Combine(Task.Id, WayFolder, $"seed-{Text(Seed)}");

    private string WayFolder => (Labels, Ablation) switch
    {
        (0, _) => "true-reward",
        (_, "none") => $"{Text(Labels)}-labels",
        _ => $"{Ablation.Replace('_', '-')}-{Text(Labels)}-labels",
    };

    /// <summary>The command that runs it from its beginning, word by word.</summary>
    /// <param name="directory">Where its results go.</param>
    /// <param name="threads">What <c>--threads</c> takes.</param>
    /// <param name="extra">Options that take the place of the task's own.</param>
    public string[] Command(string directory, int threads, BenchOptions extra)
    {
        bool isTruth = Labels == 0;
        string way = isTruth ? $"--algorithm {(PixelGames.Ids.Contains(Task.Id) ? "a2c" : "trpo")}" : $"--labels {Text(Labels)} --ablation {Ablation}";
        BenchOptions options = BenchOptions.Parse($"{way} --env {Task.Id} --steps {Text(Task.Steps)} --seed {Text(Seed)} --threads {Text(threads)}")
            .With(BenchOptions.Parse(Task.Options))
            .With(BenchOptions.Parse(isTruth ? string.Empty : Task.LabelOptions))
            .With(extra);
        return [isTruth ? "control" : "prefs", "train", .. options.Words, "--output_dir", directory];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
