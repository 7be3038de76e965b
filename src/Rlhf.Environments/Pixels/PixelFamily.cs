namespace Rlhf.Environments.Pixels;

/// <summary>The games, each in the form of the paper (ends hidden) or of Atari (the episode ends with the game).</summary>
internal sealed class PixelFamily : IEnvironmentFamily
{
    public IReadOnlyList<string> Ids => PixelGames.Ids;

    public IEnvironment? Create(string id, EnvironmentOptions options) => !PixelGames.Ids.Contains(id) ? null : PixelGames.Create(id, new PixelOptions
    {
        HideEnds = options.Form == TaskForm.Paper,
        Horizon = options.Horizon is null ? null : options.HorizonOr(0),
    });
}
