using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>Whatever Gymnasium makes: <c>gym:ID</c>. Games in Atari's interface have the paper's form as ours do.</summary>
internal sealed class GymnasiumFamily : IEnvironmentFamily
{
    public IReadOnlyList<string> Ids { get; } = [$"{GymnasiumBridge.Prefix}ID"];

    public IEnvironment? Create(string id, EnvironmentOptions options)
    {
        if (!id.StartsWith(GymnasiumBridge.Prefix, StringComparison.Ordinal))
            return null;
        GymnasiumOptions given = options.Gymnasium ?? new GymnasiumOptions();
        bool hasFrames = given.Pixels is not null || GymnasiumBridge.IsArcade(id);
        PixelOptions? pixels = hasFrames ? options.Pixels ?? given.Pixels ?? new PixelOptions() : null;
        return GymnasiumBridge.Create(id, given with
        {
            Horizon = options.Horizon is null ? given.Horizon : options.HorizonOr(0),
            Pixels = pixels is null ? null : pixels with { HideEnds = options.Form == TaskForm.Paper },
        });
    }
}
