namespace Rlhf.Models.Tests.Checkpoints;

/// <summary>A temporary directory that goes with the test, and the place of the repository's fixtures.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rlhf-models-").FullName;

    public static string RepositoryRoot { get; } = FindRoot();

    public static string Fixture(string relative) => System.IO.Path.Combine(RepositoryRoot, "tests", "fixtures", relative);

    public string File(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string FindRoot()
    {
        string? directory = TestContext.CurrentContext.TestDirectory;
        while (directory is not null && !System.IO.File.Exists(System.IO.Path.Combine(directory, "Rlhf.Native.sln")))
            directory = System.IO.Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("no Rlhf.Native.sln above the test directory");
    }
}
