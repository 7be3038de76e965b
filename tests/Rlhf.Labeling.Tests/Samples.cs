using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

/// <summary>Runs with something to look at.</summary>
internal static class Samples
{
    private const int Frames = 40, Side = 84;

    /// <summary>A one-legged figure on a line, as <c>Rlhf.Environments</c> writes scenes: thigh, shin, foot and torso.</summary>
    public static string Scene { get; } = JsonSerializer.Serialize(new
    {
        version = 1,
        camera = new
        {
            right = new[] { 1.0, 0, 0 }, up = new[] { 0.0, 0, 1 }, depth = new[] { 0.0, 1, 0 }, center = new[] { 0, 0, 0.8 }, height = 2.2,
            follow = new { shape = 0, axes = new[] { 1, 0, 0 } },
        },
        ground = new { kind = "line", at = 0.0, spacing = 0.5 },
        shapes = new[]
        {
            new { name = "torso", radius = 0.07, color = "#4f7cac" },
            new { name = "thigh", radius = 0.06, color = "#c0675c" },
            new { name = "shin", radius = 0.05, color = "#d9a441" },
            new { name = "foot", radius = 0.06, color = "#5c946e" },
        },
    });

    public static long AddFigures(PreferenceStore store, string name = "hopper-1", string? scene = null) => store.AddRun(new PreferenceRun
    {
        Name = name,
        Environment = "hopper",
        Instructions = "The centre of the robot should move to the right as fast as possible. Between two that move alike, prefer the higher one.",
        Scene = scene ?? Scene,
        FramesPerSecond = 40,
    });

    public static long AddTexts(PreferenceStore store, string name = "addresses") => store.AddRun(new PreferenceRun
    {
        Name = name, Environment = "gpt", Kind = RunKind.Texts, Instructions = "Prefer the response that continues the opening naturally and says something.",
    });

    /// <summary>A hop that goes <paramref name="speed"/> metres a second.</summary>
    public static Segment Hop(long run, int number, double speed)
    {
        float[] poses = new float[Frames * 24];
        for (int frame = 0; frame < Frames; frame++)
        {
            double t = frame / 40.0, x = speed * t, crouch = 0.5 + (0.5 * Math.Sin((t * 9) + number)), lift = Math.Max(0, Math.Sin((t * 9) + number - 1)) * 0.25;
            double lean = 0.1 * Math.Sin(t * 5), knee = 0.2 * crouch, ankle = 0.08 + lift, kneeHeight = ankle + 0.42, hip = kneeHeight + 0.4 - (0.1 * crouch);
            float[] points =
            [
                (float)x, 0, (float)hip, (float)(x + lean), 0, (float)(hip + 0.45),
                (float)x, 0, (float)hip, (float)(x + knee), 0, (float)kneeHeight,
                (float)(x + knee), 0, (float)kneeHeight, (float)x, 0, (float)ankle,
                (float)(x - 0.08), 0, (float)(ankle - 0.02), (float)(x + 0.2), 0, (float)(ankle - 0.02),
            ];
            points.CopyTo(poses, frame * points.Length);
        }

        return new Segment
        {
            RunId = run,
            Step = number,
            Length = Frames,
            ObservationShape = [2],
            Observations = [.. Enumerable.Range(0, Frames * 2).Select(i => (number * 1000f) + i)],
            Actions = new float[Frames],
            Poses = poses,
        };
    }

    /// <summary>A ball that crosses a field, as stacked frames.</summary>
    public static Segment Game(long run, int number)
    {
        const int Length = 25, Stack = 4;
        float[] observations = new float[Length * Stack * Side * Side];
        for (int step = 0; step < Length; step++)
        {
            Span<float> frame = observations.AsSpan(((step * Stack) + Stack - 1) * Side * Side, Side * Side);
            frame.Fill(30 / 255f);
            int x = 6 + ((step * 3) + (number * 11)) % 70, y = 10 + (((step * 2) + (number * 7)) % 60);
            for (int row = 0; row < 12; row++)
            {
                frame[((y + row) * Side) + 79] = 220 / 255f;
                frame[((y + row) * Side) + 80] = 220 / 255f;
            }

            for (int row = 0; row < 3; row++)
                frame.Slice(((y + row + 4) * Side) + x, 3).Fill(1);
        }

        return new Segment { RunId = run, Step = number, Length = Length, ObservationShape = [Stack, Side, Side], Observations = observations, Actions = new float[Length] };
    }

    /// <summary>A pair of hops; items differ in speed.</summary>
    public static long AddPair(PreferenceStore store, long run, int number, int wanted = 1, double? predicted = null) => store.AddQuery(new Query
    {
        RunId = run,
        Items = store.AddSegments([Hop(run, 2 * number, 0.4 + (0.3 * number)), Hop(run, (2 * number) + 1, 1.5)]),
        AnswersWanted = wanted,
        Predicted = predicted,
    });

    public static long AddTextQuery(PreferenceStore store, long run, QueryKind kind, string prompt, params string[] responses) => store.AddQuery(new Query
    {
        RunId = run,
        Kind = kind,
        Items = store.AddTexts([.. responses.Select((response, i) => new TextSample(0, run, prompt, response, $"model-{i}"))]),
    });
}
