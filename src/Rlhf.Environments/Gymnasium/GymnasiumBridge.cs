using System.Text.Json.Nodes;
using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>Makes environments of Gymnasium, each in a Python process of its own.</summary>
public static class GymnasiumBridge
{
    /// <summary>What a name begins with that means Gymnasium: <c>gym:CartPole-v1</c>.</summary>
    public const string Prefix = "gym:";

    private const string Arcade = "ALE/";

    /// <summary>Starts a child and makes the environment there.</summary>
    /// <param name="id">Its name in Gymnasium, with or without <see cref="Prefix"/>.</param>
    /// <param name="options">How; left out: the defaults.</param>
    /// <exception cref="GymnasiumException">Names the environment and what happened.</exception>
    public static IEnvironment Create(string id, GymnasiumOptions? options = null)
    {
        options ??= new GymnasiumOptions();
        string name = id.StartsWith(Prefix, StringComparison.Ordinal) ? id[Prefix.Length..] : id;
        if (name.Length == 0)
            throw new ArgumentException("environment 'gym:' has no name, expected one that gymnasium.make takes, such as gym:CartPole-v1");

        bool arcade = IsArcade(name);
        PixelOptions? pixels = options.Pixels ?? (arcade ? new PixelOptions() : null);
        if (options.Horizon is { } horizon && pixels is not null)
            pixels = pixels with { Horizon = horizon };
        pixels?.Validate();

        var arguments = new JsonObject();
        if (arcade && pixels is not null)
        {
            // The bare machine: skip, sticky actions and grey are this side's.
            arguments["frameskip"] = 1;
            arguments["repeat_action_probability"] = 0.0;
            arguments["obs_type"] = "grayscale";
        }

        foreach ((string key, JsonNode? value) in options.Arguments ?? [])
            arguments[key] = value?.DeepClone();

        var process = new GymnasiumProcess(name, arguments, options);
        try
        {
            return pixels is null
                ? new GymnasiumEnvironment(process, options.Horizon)
                : new PixelEnvironment(new GymnasiumGame(process), process.Id, Instructions(name), endPenalty: name.Contains("Pong", StringComparison.Ordinal) ? 0 : 1, pixels);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Whether an id, with <see cref="Prefix"/> or without, is that of one of Atari's games in ALE.</summary>
    public static bool IsArcade(string id) => id.StartsWith(Arcade, StringComparison.Ordinal) || id.StartsWith(Prefix + Arcade, StringComparison.Ordinal);

    /// <summary>What a labeler is told where nobody wrote more.</summary>
    internal static string Instructions(string name) => $"Prefer the clip in which {name} is played better: more points, fewer losses. Judge only what you see.";
}
