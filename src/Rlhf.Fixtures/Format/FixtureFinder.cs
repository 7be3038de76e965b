namespace Rlhf.Fixtures.Format;

/// <summary>Finds cases under a root, a family or one case.</summary>
public static class FixtureFinder
{
    // Root, family, case: a case lies at most two folders down.
    private const int Depth = 2;

    /// <summary>
    /// All cases in ordinal order of their paths. A folder is a case when it holds case.json or tensors.safetensors, or when folders
    /// beside it are cases: a case that lost its files is found, and fails.
    /// </summary>
    /// <exception cref="FixtureException">No such directory, or nothing in it.</exception>
    public static IReadOnlyList<FixtureLocation> Find(string directory)
    {
        if (!Directory.Exists(directory))
            throw new FixtureException($"{directory}: no such directory");
        var found = new List<FixtureLocation>();
        Visit(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)), Depth, found);
        return found.Count > 0
            ? found
            : throw new FixtureException($"{directory}: no fixtures here, expected a folder with case.json, or folders of such folders");
    }

    private static void Visit(string directory, int depth, List<FixtureLocation> found)
    {
        if (IsCase(directory))
        {
            found.Add(Locate(directory));
            return;
        }

        if (depth == 0)
            return;
        string[] children = Directory.GetDirectories(directory);
        Array.Sort(children, StringComparer.Ordinal);
        bool family = children.Any(IsCase);
        foreach (string child in children)
        {
            if (family)
                found.Add(Locate(child));
            else
                Visit(child, depth - 1, found);
        }
    }

    private static bool IsCase(string directory) =>
        File.Exists(Path.Combine(directory, "case.json")) || File.Exists(Path.Combine(directory, "tensors.safetensors"));

    private static FixtureLocation Locate(string directory) =>
        new(directory, Path.GetFileName(Path.GetDirectoryName(directory)) ?? string.Empty, Path.GetFileName(directory));
}
