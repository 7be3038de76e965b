using System.Globalization;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>One run of a grid: a task learned in one way from one seed.</summary>
/// <param name="Task">The environment's id.</param>
/// <param name="Way">What its curve is called: <see cref="TrueReward"/>, labels, or an ablation.</param>
/// <param name="Labels">Comparisons; 0 for the true reward.</param>
/// <param name="Ablation">What <c>--ablation</c> takes.</param>
/// <param name="Seed">Of everything.</param>
internal sealed record BenchCell(string Task, string Way, int Labels, string Ablation, int Seed)
{
    /// <summary>The way that everything is measured against.</summary>
    public const string TrueReward = "true reward";

    /// <summary>Its folder below the grid's: the count is in it, so that grids of other counts stand beside each other.</summary>
    public string Folder => Path.Combine(Task, WayFolder, $"seed-{Text(Seed)}");

    private string WayFolder => (Labels, Ablation) switch
    {
        (0, _) => "true-reward",
        (_, "none") => $"{Text(Labels)}-labels",
        _ => $"{Ablation.Replace('_', '-')}-{Text(Labels)}-labels",
    };

    /// <summary>The command that runs it from its beginning, word by word.</summary>
    public string[] Command(string directory, long steps, bool pixels, int threads)
    {
        string[] own = Labels == 0
            ? ["control", "train", "--algorithm", pixels ? "a2c" : "trpo"]
            : ["prefs", "train", "--labels", Text(Labels), "--ablation", Ablation];
        return
        [
            .. own, "--env", Task, "--steps", Text(steps), "--seed", Text(Seed), "--threads", Text(threads), "--output_dir", directory,
        ];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
