using System.Text.RegularExpressions;

namespace Rlhf.Architecture.Tests;

/// <summary>Which project may know which: the arrows point one way.</summary>
public sealed partial class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Rlhf.Kernels"] = [],
        ["Rlhf.Kernels.Reference"] = ["Rlhf.Kernels"],
        ["Rlhf.Kernels.Cuda"] = ["Rlhf.Kernels"],
        ["Rlhf.Models"] = ["Rlhf.Kernels"],
        ["Rlhf.Environments"] = ["Rlhf.Kernels"],
        ["Rlhf.Preferences"] = [],
        ["Rlhf.Labeling"] = ["Rlhf.Preferences"],
        ["Rlhf.Training"] = ["Rlhf.Environments", "Rlhf.Kernels", "Rlhf.Models", "Rlhf.Preferences"],
        ["Rlhf.Fixtures"] = ["Rlhf.Kernels", "Rlhf.Models", "Rlhf.Training"],
        ["Rlhf.Cli"] =
        [
            "Rlhf.Environments", "Rlhf.Fixtures", "Rlhf.Kernels", "Rlhf.Kernels.Cuda", "Rlhf.Labeling", "Rlhf.Models", "Rlhf.Preferences", "Rlhf.Training",
        ],
    };

    /// <summary>Every product project.</summary>
    public static IEnumerable<string> Products => Repository.Projects.Where(path => path.StartsWith("src/", StringComparison.Ordinal));

    /// <summary>Every project.</summary>
    public static IEnumerable<string> All => Repository.Projects;

    [TestCaseSource(nameof(Products))]
    public void Product_KnowsOnlyWhatItsArrowsAllow(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        Assert.That(Arrows, Contains.Key(name), "a new project needs its arrows here");
        Assert.That(References(project).Except(Arrows[name]), Is.Empty, $"{name} may know {string.Join(", ", Arrows[name])}");
    }

    [TestCaseSource(nameof(Products))]
    public void Product_KnowsNoTestAndNoBenchmark(string project) =>
        Assert.That(
            Reference().Matches(Repository.Read(project)).Select(match => match.Groups[1].Value)
                .Where(path => path.Contains("tests/", StringComparison.Ordinal) || path.Contains("perf/", StringComparison.Ordinal)),
            Is.Empty);

    [TestCaseSource(nameof(All))]
    public void Versions_StandInOnePlace(string project) =>
        Assert.That(PackageVersion().IsMatch(Repository.Read(project)), Is.False, "versions stand in Directory.Packages.props");

    [TestCaseSource(nameof(All))]
    public void Project_IsInTheSolution(string project) =>
        Assert.That(Repository.Read("Rlhf.Native.sln").Replace('\\', '/'), Does.Contain($"\"{project}\""));

    private static string[] References(string project) =>
        [.. Reference().Matches(Repository.Read(project)).Select(match => Path.GetFileNameWithoutExtension(match.Groups[1].Value))];

    [GeneratedRegex("ProjectReference Include=\"([^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("""<PackageReference[^>]*\bVersion(Override)?\s*=""")]
    private static partial Regex PackageVersion();
}
