using System.Text.RegularExpressions;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>The device code in this assembly: one module a .cu file, named by its path below kernels/ without the ending.</summary>
public static partial class KernelSources
{
    private const string SourceEnd = ".cu";
    private static readonly Dictionary<string, string> Files = ReadAll();

    /// <summary>Every module, sorted.</summary>
    public static IReadOnlyList<string> Modules { get; } =
        [.. Files.Keys.Where(path => path.EndsWith(SourceEnd, StringComparison.Ordinal)).Select(path => path[..^SourceEnd.Length]).Order(StringComparer.Ordinal)];

    /// <summary>Oldest architecture that a module is for: its name says what it needs.</summary>
    public static int MinimumArchitecture(string module) =>
        module.EndsWith("_cluster", StringComparison.Ordinal) ? 90
        : module.EndsWith("_mma", StringComparison.Ordinal) || module.EndsWith("_async", StringComparison.Ordinal) ? 80
        : 70;

    /// <summary>Names of a module's entries, as they stand in its text.</summary>
    public static IReadOnlyList<string> Entries(string module) =>
        [.. EntryName().Matches(Text(module)).Select(match => match.Groups[1].Value)];

    internal static string Text(string module) =>
        Files.TryGetValue(module + SourceEnd, out string? text) ? text : throw new ArgumentException($"no kernel module {module}");

    /// <summary>What a module includes, directly or not: the name that the include gives, and the text.</summary>
    internal static IReadOnlyList<(string Name, string Text)> Headers(string module)
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        Collect(module, Text(module), found);
        return [.. found.Select(header => (header.Key, header.Value))];
    }

    private static void Collect(string from, string text, SortedDictionary<string, string> found)
    {
        foreach (Match match in Include().Matches(text))
        {
            string name = match.Groups[1].Value;

            // Beside the file that includes it, or from kernels/ on.
            string beside = from[..(from.LastIndexOf('/') + 1)] + name;
            string path = Files.ContainsKey(beside) ? beside : name;
            if (!Files.TryGetValue(path, out string? header))
            {
                throw new ArgumentException($"kernels/{from} includes {name}, which is not there");
            }

            if (found.TryAdd(name, header))
            {
                Collect(path, header, found);
            }
        }
    }

    private static Dictionary<string, string> ReadAll()
    {
        Dictionary<string, string> files = [];
        foreach (string resource in typeof(KernelSources).Assembly.GetManifestResourceNames())
        {
            using StreamReader reader = new(typeof(KernelSources).Assembly.GetManifestResourceStream(resource)!);
            files[resource.Replace('\\', '/')] = reader.ReadToEnd();
        }

        return files;
    }

    [GeneratedRegex("""^\s*#\s*include\s+"([^"]+)"\s*$""", RegexOptions.Multiline)]
    private static partial Regex Include();

    [GeneratedRegex(@"^RLHF_ENTRY\(\s*(\w+)", RegexOptions.Multiline)]
    private static partial Regex EntryName();
}
