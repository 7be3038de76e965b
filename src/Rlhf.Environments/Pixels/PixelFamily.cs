namespace Rlhf.Environments.Pixels;

/// <summary>The games, each in the form of the paper (ends hidden) or of Atari (the episode ends with the game).</summary>
internal sealed class PixelFamily : IEnvironmentFamily
{
    public IReadOnlyList<string> Ids => PixelGames.Ids;

    public IEnvironment? Create(string id, EnvironmentOptions options) => !PixelGames.Ids.Contains(id) ? null : PixelGames.Create(id, (options.Pixels ?? new PixelOptions()) with
    {
        HideEnds = options.Form == TaskForm.Paper,
        Horizon = options.Horizon is null ? options.Pixels?.Horizon : options.HorizonOr(0),
    });
}
