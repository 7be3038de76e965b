namespace Rlhf.Fixtures;

/// <summary>Finds vocabulary files by their sha256.</summary>
public sealed class AssetFinder
{
    private readonly string[] _directories;

    private AssetFinder(string[] directories) => _directories = directories;

    /// <summary>Looks in a folder that a user named, or in <c>.cache/assets</c>.</summary>
    public static AssetFinder Create(string? directory) => new([directory ?? Path.Combine(".cache", "assets")]);

    /// <summary>Searched in order.</summary>
    public IReadOnlyList<string> Directories => _directories;
}
