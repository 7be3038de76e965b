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

    /// <summary>Its folder below the grid's.</summary>
    public string Folder => Path.Combine(Task, Way.Replace(' ', '-'), string.Create(CultureInfo.InvariantCulture, $"seed-{Seed}"));

    /// <summary>The command that runs it, as a person would type it.</summary>
    public string[] Command(string directory, long steps, bool pixels, bool resume, int threads)
    {
        string[] own = Labels == 0
            ? ["control", "train", "--algorithm", pixels ? "a2c" : "trpo"]
            : ["prefs", "train", "--labels", Text(Labels), "--ablation", Ablation];
        return
        [
            .. own, "--env", Task, "--steps", Text(steps), "--seed", Text(Seed), "--threads", Text(threads), "--output_dir", directory,
            "--resume_from_checkpoint", resume ? "true" : "false",
        ];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
