namespace Rlhf.Preferences;

/// <summary>One training run that asks for labels: what the page must know to show its queries.</summary>
public sealed record PreferenceRun
{
    /// <summary>Given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>Unique in a store.</summary>
    public required string Name { get; init; }

    /// <summary>The environment's id (<c>hopper</c>), or the model and data set of texts.</summary>
    public required string Environment { get; init; }

    /// <summary>What is compared.</summary>
    public RunKind Kind { get; init; } = RunKind.Figures;

    /// <summary>One or two sentences that tell a labeler what counts as better (Christiano et al. 2017, appendix B).</summary>
    public required string Instructions { get; init; }

    /// <summary>What a pose's numbers are, as JSON; empty where the observation is the picture or there is none.</summary>
    public string Scene { get; init; } = string.Empty;

    /// <summary>Steps a second at which a clip is played; 0 for texts.</summary>
    public int FramesPerSecond { get; init; }

    /// <summary>Settings of the run, as JSON: for the record.</summary>
    public string Settings { get; init; } = "{}";

    /// <summary>When the store took it.</summary>
    public DateTimeOffset Created { get; init; }
}
