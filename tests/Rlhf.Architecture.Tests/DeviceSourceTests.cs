using System.Text.RegularExpressions;

namespace Rlhf.Architecture.Tests;

/// <summary>Rules of the house that device code can break by itself.</summary>
public sealed partial class DeviceSourceTests
{
    private const int MaxLines = 260;
    private const string Compilers = "kernels/common/portability.cuh";

    /// <summary>Every module and header of device code.</summary>
    public static IEnumerable<string> Sources =>
        from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "kernels"), "*.*", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')
        where path.EndsWith(".cu", StringComparison.Ordinal) || path.EndsWith(".cuh", StringComparison.Ordinal)
        orderby path
        select path;

    /// <summary>What is compiled alone.</summary>
    public static IEnumerable<string> Modules => Sources.Where(path => path.EndsWith(".cu", StringComparison.Ordinal));

    [TestCaseSource(nameof(Sources))]
    public void File_IsShort(string path) => Assert.That(Repository.Read(path).AsSpan().Count('\n'), Is.LessThanOrEqualTo(MaxLines));

    [TestCaseSource(nameof(Sources))]
    public void Conditions_StandInOneHeader(string path)
    {
        // What an architecture lacks is another module; what a compiler lacks is a twin in that header.
        if (path != Compilers)
        {
            Assert.That(Condition().Matches(Repository.Read(path)).Select(match => match.Value), Is.Empty, $"#if belongs to {Compilers}");
        }
    }

    [TestCaseSource(nameof(Sources))]
    public void Includes_AreHeadersOfThisFolder(string path)
    {
        // common/ stands together; every other header is named from kernels/, the only folder that a compiler is told of.
        string from = path.StartsWith("kernels/common/", StringComparison.Ordinal) ? "kernels/common/" : "kernels/";
        foreach (string line in Include().Matches(Repository.Read(path)).Select(match => match.Value.Trim()))
        {
            Match header = Header().Match(line);
            Assert.That(header.Success, $"{line}: expected #include \"family/name.cuh\"");
            Assert.That(Repository.Has(from + header.Groups[1].Value), $"{line}: there is no {from}{header.Groups[1].Value}");
        }
    }

    [TestCaseSource(nameof(Modules))]
    public void Module_IncludesTheCommonHeaderFirst(string path) =>
        Assert.That(Include().Match(Repository.Read(path)).Value.Trim(), Is.EqualTo("#include \"common/rlhf.cuh\""));

    [GeneratedRegex(@"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else|endif)\b.*$", RegexOptions.Multiline)]
    private static partial Regex Condition();

    [GeneratedRegex(@"^[ \t]*#[ \t]*include\b.*$", RegexOptions.Multiline)]
    private static partial Regex Include();

    [GeneratedRegex(@"^#include ""((?:[a-z]+/)?[a-z0-9_]+\.cuh)""$")]
    private static partial Regex Header();
}
