namespace Rlhf.Preferences.Tests;

internal static class Samples
{
    /// <summary>Two steps of three observations, one action, a state and a pose of two; different for each number.</summary>
    public static Segment Segment(long run, int number) => new()
    {
        RunId = run,
        Step = 100 + number,
        Length = 2,
        ObservationShape = [3],
        Observations = [number, 1, 2, 3, 4, float.Epsilon],
        Actions = [-1, 0.5f],
        States = [1.0 / 3, double.MaxValue],
        Poses = [number, 2, 3, 4],
    };

    /// <summary>Two steps of two 4 × 5 frames.</summary>
    public static Segment Frames(long run, int number) => new()
    {
        RunId = run,
        Step = number,
        Length = 2,
        ObservationShape = [2, 4, 5],
        Observations = [.. Enumerable.Range(0, 80).Select(i => ((i * 7) + number) % 256 / 255f)],
        Actions = [0, 3],
    };
}
