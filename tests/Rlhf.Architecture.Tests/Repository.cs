namespace Rlhf.Architecture.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every C# source under src, tests and perf, relative to the top, with slashes.</summary>
    public static IReadOnlyList<string> Sources { get; } = [.. Files("*.cs")];

    /// <summary>Every project file, likewise.</summary>
    public static IReadOnlyList<string> Projects { get; } = [.. Files("*.csproj")];

    /// <summary>Text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Whether a file exists.</summary>
    public static bool Has(string path) => File.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Files(string pattern) =>
        from folder in new[] { "src", "tests", "perf" }
        let full = Path.Combine(Root, folder)
        where Directory.Exists(full)
        from file in Directory.EnumerateFiles(full, pattern, SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal)
        orderby path
        select path;

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Rlhf.Native.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no Rlhf.Native.sln above {AppContext.BaseDirectory}");
    }
}
