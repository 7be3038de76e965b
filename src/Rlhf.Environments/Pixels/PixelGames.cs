namespace Rlhf.Environments.Pixels;

/// <summary>The games that come with the project.</summary>
public static class PixelGames
{
    private static readonly Dictionary<string, (Func<IPixelGame> Create, double EndPenalty, string Instructions)> Games = new(StringComparer.Ordinal)
    {
        ["pong"] = (() => new PongGame(), 0, "You are the paddle on the right. Getting the ball past the left paddle is best, missing it is worst; in between, prefer the clip that returns the ball."),
        ["breakout"] = (() => new BreakoutGame(), 1, "Prefer the clip in which more bricks are broken, high ones above all. Losing the ball is worse than breaking nothing."),
        ["enduro"] = (() => new EnduroGame(), 1, "You are the bright car at the bottom. Prefer the clip in which it passes more cars; being passed, crashing or driving on the verge is worse."),
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Ids { get; } = [.. Games.Keys];

    /// <summary>A game with Atari's interface around it.</summary>
    /// <param name="id">One of <see cref="Ids"/>.</param>
    /// <param name="options">How it is wrapped; left out: the defaults.</param>
    /// <exception cref="ArgumentException">An unknown name, or an option out of its range.</exception>
    public static PixelEnvironment Create(string id, PixelOptions? options = null) =>
        Games.TryGetValue(id, out var game)
            ? new PixelEnvironment(game.Create(), id, game.Instructions, game.EndPenalty, options ?? new PixelOptions())
            : throw new ArgumentException($"unknown pixel game '{id}', expected one of {string.Join(", ", Ids)}");
}
