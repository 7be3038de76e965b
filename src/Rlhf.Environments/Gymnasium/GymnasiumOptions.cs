using System.Text.Json.Nodes;
using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>How an environment of Gymnasium is made and run.</summary>
public sealed record GymnasiumOptions
{
    /// <summary>Interpreter that has gymnasium. Default: the environment variable RLHF_PYTHON, or <c>python3</c>.</summary>
    public string? Python { get; init; }

    /// <summary>Keyword arguments of <c>gymnasium.make</c>. Default: none.</summary>
    public JsonObject? Arguments { get; init; }

    /// <summary>Modules imported first, because they register environments. Default: none, <c>ale_py</c> for <c>ALE/…</c>.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Time to import and make the environment. Default 2 minutes: a cold disk and many children at once are slow.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time for a step or a reset, after which the child counts as hanging and is killed. Default 30 s.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Steps after which an episode is truncated. Default: what the environment's registration says, or 1,000.</summary>
    public int? Horizon { get; init; }

    /// <summary>
    /// Atari's interface around a game whose every step is a frame: the environment has to have discrete actions and images as observations,
    /// and must not skip frames itself. Left out: on with its defaults for <c>ALE/…</c>, off for others.
    /// </summary>
    public PixelOptions? Pixels { get; init; }
}
