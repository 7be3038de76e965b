namespace Rlhf.Preferences;

/// <summary>k consecutive observations and actions of one episode (Christiano et al. 2017, §2.1), with what draws them.</summary>
/// <remarks>The true rewards are no part of it: <see cref="TrueRewardBook"/> keeps them apart from what a learner reads.</remarks>
public sealed record Segment
{
    /// <summary>Given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>The run it is from.</summary>
    public required long RunId { get; init; }

    /// <summary>Environment step of the run at which it was cut.</summary>
    public required long Step { get; init; }

    /// <summary>k, steps.</summary>
    public required int Length { get; init; }

    /// <summary>Shape of one observation: [n], or [channels, height, width] for frames.</summary>
    public required IReadOnlyList<int> ObservationShape { get; init; }

    /// <summary>[k, observation] f32. Frames hold values j/255, j = 0…255, and are stored as compressed bytes.</summary>
    public required float[] Observations { get; init; }

    /// <summary>[k, action] the actions taken; an index where actions are discrete.</summary>
    public required float[] Actions { get; init; }

    /// <summary>[k, state] positions and velocities of the simulation, from which each moment can be drawn again; may be empty.</summary>
    public double[] States { get; init; } = [];

    /// <summary>[k, pose] what the run's scene needs to draw each step; empty where the observation is the picture.</summary>
    public float[] Poses { get; init; } = [];

    /// <summary>Floats of one observation.</summary>
    public int ObservationLength => ObservationShape.Aggregate(1, (product, size) => product * size);

    /// <summary>Whether observations are frames.</summary>
    public bool IsPixels => ObservationShape.Count == 3;

    /// <summary>[k, height · width] grey bytes: the newest picture of each observation, which is its last channel. For frames only.</summary>
    public byte[] NewestFrames()
    {
        if (!IsPixels)
            throw new InvalidOperationException($"segment {Id} has observations of shape [{string.Join(", ", ObservationShape)}], expected frames");
        int pixels = ObservationShape[1] * ObservationShape[2];
        byte[] frames = new byte[Length * pixels];
        for (int step = 0; step < Length; step++)
        {
            ReadOnlySpan<float> newest = Observations.AsSpan(((step + 1) * ObservationLength) - pixels, pixels);
            for (int i = 0; i < pixels; i++)
                frames[(step * pixels) + i] = (byte)Math.Clamp(MathF.Round(newest[i] * 255), 0, 255);
        }

        return frames;
    }
}
