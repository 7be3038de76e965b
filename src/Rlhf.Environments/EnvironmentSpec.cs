using Rlhf.Environments.Pixels;

namespace Rlhf.Environments;

/// <summary>Everything about an environment that does not change while it runs.</summary>
public sealed record EnvironmentSpec
{
    /// <summary>The name that <c>--env</c> takes.</summary>
    public required string Id { get; init; }

    /// <summary>[n] for a vector; [channels, height, width] for frames, as values k/255.</summary>
    public required IReadOnlyList<int> ObservationShape { get; init; }

    /// <summary>What the agent may do.</summary>
    public required ActionSpace Actions { get; init; }

    /// <summary>Steps after which an episode is truncated.</summary>
    public required int Horizon { get; init; }

    /// <summary>Steps of a clip that people compare: 1 to 2 seconds (Christiano et al. 2017, appendix A).</summary>
    public required int ClipLength { get; init; }

    /// <summary>Frames of a game in one step, by which the paper counts Atari's time; 1 elsewhere.</summary>
    public int FramesPerStep { get; init; } = 1;

    /// <summary>Steps a second at which a clip is played.</summary>
    public required int FramesPerSecond { get; init; }

    /// <summary>One or two sentences that tell a labeler what counts as better.</summary>
    public required string Instructions { get; init; }

    /// <summary>Doubles that <see cref="IEnvironment.CaptureState"/> writes.</summary>
    public int StateLength { get; init; }

    /// <summary>Floats that <see cref="IEnvironment.CapturePose"/> writes; 0 where the observation is the picture.</summary>
    public int PoseLength { get; init; }

    /// <summary>What a pose's numbers are, as JSON: figures, sizes, colours, camera. Empty where the observation is the picture.</summary>
    public string Scene { get; init; } = string.Empty;

    /// <summary>Floats of one observation.</summary>
    public int ObservationLength => ObservationShape.Aggregate(1, (product, size) => product * size);

    /// <summary>Whether observations are stacked frames.</summary>
    public bool IsPixels => ObservationShape.Count == 3;

    /// <summary>Whether people can be shown a clip: by its scene, or as frames of the size that games have.</summary>
    public bool IsDrawable => Scene.Length > 0 || ObservationShape is [_, PixelEnvironment.FrameSize, PixelEnvironment.FrameSize];
}
