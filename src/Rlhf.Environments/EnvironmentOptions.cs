using Rlhf.Environments.Gymnasium;
using Rlhf.Environments.Pixels;

namespace Rlhf.Environments;

/// <summary>What may differ between two environments of one id. An option that a task has no use for is left unread.</summary>
public sealed record EnvironmentOptions
{
    /// <summary>Reward and termination. Default: <see cref="TaskForm.Paper"/>.</summary>
    public TaskForm Form { get; init; } = TaskForm.Paper;

    /// <summary>Steps of an episode. Default: the task's own for its form.</summary>
    public int? Horizon { get; init; }

    /// <summary>Radians from upright at which an episode of the standard form ends. Default: the task's own.</summary>
    public double? TerminationAngle { get; init; }

    /// <summary>An MJCF file in place of a robot's own, with the same joints, motors and names. Default: the one that is built in.</summary>
    public string? ModelFile { get; init; }

    /// <summary>How a game in frames is wrapped; <see cref="Form"/> and <see cref="Horizon"/> go before what it says. Default: as Atari has it.</summary>
    public PixelOptions? Pixels { get; init; }

    /// <summary>How an environment of Gymnasium (<c>gym:ID</c>) is made and run; <see cref="Form"/> and <see cref="Horizon"/> go before what it says. Default: as Gymnasium has it.</summary>
    public GymnasiumOptions? Gymnasium { get; init; }

    internal int HorizonOr(int usual) =>
        Horizon is not { } steps ? usual : steps > 0 ? steps : throw new ArgumentException($"a horizon of {steps} steps, expected at least 1");
}
