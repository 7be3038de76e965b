namespace Rlhf.Architecture.Tests;

/// <summary>What stands at the top, and what each room says of itself.</summary>
public sealed class LayoutTests
{
    private const int MaxReadmeLines = 40;

    private static readonly string[] TopLevel =
    [
        ".ci", ".clang-format", ".editorconfig", ".git", ".gitattributes", ".gitignore", "CMakeLists.txt", "Directory.Build.props",
        "Directory.Packages.props", "LICENSE", "README.md", "Rlhf.Native.sln", "global.json", "kernels", "native", "perf", "rlhf", "src", "tests",
    ];

    /// <summary>Every product project, and the folders that are not C# projects or hold several.</summary>
    public static IEnumerable<string> Rooms =>
        Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(folder => "src/" + Path.GetFileName(folder))
            .Concat(["native", "perf", "tests"]).Where(room => Directory.Exists(Path.Combine(Repository.Root, room)));

    [Test]
    public void TopLevel_HasOnlyTheNamesItWasGiven()
    {
        // What git is told not to see may lie about.
        string[] ignored = [.. Repository.Read(".gitignore").Split('\n').Select(line => line.Trim().Trim('/')).Where(line => line.Length > 0)];
        Assert.That(
            Directory.GetFileSystemEntries(Repository.Root).Select(Path.GetFileName)
                .Except(TopLevel).Except(ignored).Where(name => !name!.EndsWith(".user", StringComparison.Ordinal)),
            Is.Empty);
    }

    [TestCaseSource(nameof(Rooms))]
    public void Room_HasAShortReadme(string room)
    {
        Assert.That(Repository.Has($"{room}/README.md"), $"{room}/README.md is missing");
        Assert.That(Repository.Read($"{room}/README.md").AsSpan().Count('\n'), Is.LessThanOrEqualTo(MaxReadmeLines));
    }
}
