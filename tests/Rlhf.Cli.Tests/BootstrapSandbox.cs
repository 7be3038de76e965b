using System.Diagnostics;

namespace Rlhf.Cli.Tests;

/// <summary>
/// The bootstrap script in a tree of its own, whose path has a space, with stand-ins for the programs that it starts: they
/// write their arguments to a log and do nothing else.
/// </summary>
internal sealed class BootstrapSandbox : IDisposable
{
    /// <summary>What the script may use of the real system; everything else is missing or a stand-in.</summary>
    private static readonly string[] System =
    [
        "basename", "bash", "cat", "cut", "dirname", "env", "find", "flock", "grep", "gzip", "head", "ln", "mkdir", "mktemp", "mv", "nproc", "readlink",
        "rm", "sed", "sha256sum", "sort", "tail", "tar", "tr", "wc",
    ];

    private readonly string _top = Directory.CreateTempSubdirectory("rlhf ").FullName;

    public BootstrapSandbox()
    {
        Root = Path.Combine(_top, "my checkout");
        Bin = Path.Combine(_top, "bin");
        Directory.CreateDirectory(Path.Combine(Root, "native"));
        Directory.CreateDirectory(Path.Combine(Root, "src"));
        Directory.CreateDirectory(Path.Combine(Root, "kernels"));
        Directory.CreateDirectory(Path.Combine(_top, "home"));
        Directory.CreateDirectory(Bin);
        File.Copy(Path.Combine(RepositoryRoot(), "rlhf"), Path.Combine(Root, "rlhf"));
        foreach (string name in new[] { "CMakeLists.txt", "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "src/A.cs" })
        {
            File.WriteAllText(Path.Combine(Root, name), "first");
        }

        foreach (string name in System)
        {
            string path = new[] { "/usr/bin", "/bin" }.Select(folder => Path.Combine(folder, name)).First(File.Exists);
            File.CreateSymbolicLink(Path.Combine(Bin, name), path);
        }

        foreach (string name in new[] { "dotnet", "cmake", "c++", "make" })
        {
            StandIn(name, "");
        }

        StandIn("npm", """
            mkdir package
            echo "{ \"version\": \"${3##*@}\" }" >package/package.json
            tar -czf pack.tgz package
            rm -r package
            """);
    }

    /// <summary>The checkout.</summary>
    public string Root { get; }

    /// <summary>The only folder on PATH.</summary>
    public string Bin { get; }

    /// <summary>What the stand-ins were called with, one call a line.</summary>
    public string[] Calls => File.Exists(LogPath) ? File.ReadAllLines(LogPath) : [];

    private string LogPath => Path.Combine(_top, "calls.log");

    /// <summary>Puts a program on PATH that logs its arguments, each in brackets, and then runs <paramref name="body"/>.</summary>
    public void StandIn(string name, string body)
    {
        string path = Path.Combine(Bin, name);
        File.WriteAllText(path, $"""
            #!/bin/bash
            line={name}
            for argument; do line="$line [$argument]"; done
            echo "$line" >>'{LogPath}'
            {body}
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Runs the script from a folder that is not the checkout.</summary>
    public (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Root, "rlhf"), .. arguments])
        {
            WorkingDirectory = _top,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Bin;
        start.Environment["HOME"] = Path.Combine(_top, "home");
        start.Environment["CMAKE_PREFIX_PATH"] = "/somewhere";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_top, recursive: true);

    private static string RepositoryRoot()
    {
        string folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists(Path.Combine(folder, "Rlhf.Native.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Rlhf.Native.sln stands above no folder of the test");
        }

        return folder;
    }
}
