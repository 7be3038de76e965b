using System.Text.RegularExpressions;

namespace Rlhf.Architecture.Tests;

/// <summary>Rules of the house that a file can break by itself.</summary>
public sealed partial class SourceFileTests
{
    private const int MaxLines = 500;

    // Where pointers are the business: views and kernels over them, the native library, and the callers that hand memory to either.
    private static readonly string[] UnsafeRooms =
    [
        "src/Rlhf.Kernels/",
        "src/Rlhf.Kernels.Cuda/",
        "src/Rlhf.Environments/Mujoco/",
        "src/Rlhf.Environments/VectorEnvironment.cs",
        "src/Rlhf.Models/",
        "src/Rlhf.Training/Control/",
        "src/Rlhf.Training/Optimization/",
        "src/Rlhf.Training/Ppo/",
        "src/Rlhf.Training/Sft/",
        "src/Rlhf.Fixtures/Families/",
        "tests/",
        "perf/",
    ];

    // Put together here, so that this file does not contain them.
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception", "[Ign" + "ore", "[Expl" + "icit"];

    /// <summary>Every source.</summary>
    public static IEnumerable<string> Sources => Repository.Sources;

    [TestCaseSource(nameof(Sources))]
    public void File_IsShort(string path) => Assert.That(Repository.Read(path).AsSpan().Count('\n'), Is.LessThanOrEqualTo(MaxLines));

    [TestCaseSource(nameof(Sources))]
    public void File_HasOnePublicType(string path)
    {
        // A small enum or delegate stands beside what takes it, and a static class of factories beside its generic type.
        IEnumerable<string> names = PublicType().Matches(Repository.Read(path)).Select(match => match.Groups[1].Value).Distinct();
        Assert.That(names.Count(), Is.LessThanOrEqualTo(1), string.Join(", ", names));
    }

    [TestCaseSource(nameof(Sources))]
    public void Namespace_IsTheFolder(string path)
    {
        Match match = Namespace().Match(Repository.Read(path));
        if (!match.Success)
        {
            Assert.That(Path.GetFileName(path), Is.EqualTo("Program.cs"), "only top-level statements have no namespace");
            return;
        }

        Assert.That(match.Groups[1].Value, Is.EqualTo(string.Join('.', path.Split('/')[1..^1])));
    }

    [TestCaseSource(nameof(Sources))]
    public void File_HasNoRegion(string path) => Assert.That(Region().IsMatch(Repository.Read(path)), Is.False);

    [TestCaseSource(nameof(Sources))]
    public void File_IsFinished(string path)
    {
        string text = Repository.Read(path);
        Assert.That(Unfinished.Where(mark => text.Contains(mark, StringComparison.Ordinal)), Is.Empty);
    }

    [TestCaseSource(nameof(Sources))]
    public void Unsafe_StaysInItsRooms(string path)
    {
        if (!UnsafeRooms.Any(room => path.StartsWith(room, StringComparison.Ordinal)))
        {
            Assert.That(Unsafe().IsMatch(Repository.Read(path)), Is.False);
        }
    }

    [GeneratedRegex(@"^public (?:(?:static|sealed|abstract|readonly|unsafe|partial|ref) )*(?:class|struct|interface|record(?: struct| class)?) (\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^\s*#region", RegexOptions.Multiline)]
    private static partial Regex Region();

    [GeneratedRegex(@"^[^/""]*\bunsafe\b", RegexOptions.Multiline)]
    private static partial Regex Unsafe();
}
