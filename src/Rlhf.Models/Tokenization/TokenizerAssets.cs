using System.Security.Cryptography;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Vocabulary files that are not in the repository, found by content: a file is the right one if its SHA-256 is, wherever it lies below
/// the given directories and whatever it is called.
/// </summary>
/// <param name="directories">Searched in order, with everything below; one that does not exist is passed over.</param>
public sealed class TokenizerAssets(params IEnumerable<string> directories)
{
    // No tokenizer file comes near this; model weights that may lie beside them are not worth hashing.
    private const long MaxBytes = 128L << 20;

    private readonly string[] _directories = [.. directories];
    private readonly Dictionary<string, string> _hashes = [];

    /// <summary>The directories of this machine: <c>RLHF_ASSETS</c> if set, then <c>.cache/assets</c> of a repository.</summary>
    /// <param name="repositoryRoot">Root of the repository, or of wherever the cache lies.</param>
    public static TokenizerAssets Default(string repositoryRoot)
    {
        string? named = Environment.GetEnvironmentVariable("RLHF_ASSETS");
        string cache = Path.Combine(repositoryRoot, ".cache", "assets");
        return string.IsNullOrEmpty(named) ? new TokenizerAssets(cache) : new TokenizerAssets(named, cache);
    }

    /// <summary>Path of the file with this hash, or null. Files of the expected name are tried first.</summary>
    /// <param name="fileName">Its usual name or relative path, e.g. <c>models/tokenizer.json</c>.</param>
    /// <param name="sha256">64 hexadecimal digits.</param>
    public string? Find(string fileName, string sha256)
    {
        string name = Path.GetFileName(fileName);
        EnumerationOptions options = new() { RecurseSubdirectories = true, IgnoreInaccessible = true };
        return _directories.Where(Directory.Exists)
            .SelectMany(directory => new DirectoryInfo(directory).EnumerateFiles("*", options))
            .OrderByDescending(file => file.Name == name)
            .Where(file => file.Length <= MaxBytes)
            .FirstOrDefault(file => Hash(file.FullName).Equals(sha256, StringComparison.OrdinalIgnoreCase))?.FullName;
    }

    /// <summary>Loads a tokenizer from its files' names and hashes: one <c>tokenizer.json</c>, or a vocabulary and its merges.</summary>
    /// <param name="files">File name → SHA-256.</param>
    /// <exception cref="DataFormatException">A file was not found (its name, hash and the directories are named), or it is malformed.</exception>
    public BpeTokenizer Load(IReadOnlyDictionary<string, string> files)
    {
        Dictionary<string, string> found = [];
        foreach ((string fileName, string sha256) in files)
        {
            found[Path.GetFileName(fileName)] = Find(fileName, sha256)
                ?? throw new DataFormatException($"{fileName}: no file with sha256 {sha256} below {string.Join(", ", _directories)}");
        }

        if (found.TryGetValue("tokenizer.json", out string? json))
            return BpeTokenizer.Load(json);
        if (found.TryGetValue("vocab.json", out string? vocabulary) && found.TryGetValue("merges.txt", out string? merges))
            return BpeTokenizer.Load(vocabulary, merges);
        if (found.TryGetValue("encoder.json", out vocabulary) && found.TryGetValue("vocab.bpe", out merges))
            return BpeTokenizer.Load(vocabulary, merges);
        throw new DataFormatException($"{string.Join(", ", files.Keys)}: not the files of a tokenizer, expected tokenizer.json, vocab.json + merges.txt or encoder.json + vocab.bpe");
    }

    private string Hash(string path)
    {
        if (_hashes.TryGetValue(path, out string? known))
            return known;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return _hashes[path] = Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return _hashes[path] = "";
        }
    }
}
