using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>Whatever Gymnasium makes: <c>gym:ID</c>. Atari's games have the paper's form as ours do; of others only the horizon can be set.</summary>
internal sealed class GymnasiumFamily : IEnvironmentFamily
{
    public IReadOnlyList<string> Ids { get; } = [$"{GymnasiumBridge.Prefix}ID"];

    public IEnvironment? Create(string id, EnvironmentOptions options) => !id.StartsWith(GymnasiumBridge.Prefix, StringComparison.Ordinal) ? null : GymnasiumBridge.Create(id, new GymnasiumOptions
    {
        Horizon = options.Horizon is null ? null : options.HorizonOr(0),
        Pixels = GymnasiumBridge.IsArcade(id[GymnasiumBridge.Prefix.Length..]) ? new PixelOptions { HideEnds = options.Form == TaskForm.Paper } : null,
    });
}
