using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;
using Numbers = Rlhf.TestSupport.Data;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>A task small enough to know everything of: two observations, one action, true reward o₁ − o₂² + a.</summary>
internal static class Toy
{
    public const int ClipLength = 8;

    public static EnvironmentSpec Spec { get; } = new()
    {
        Id = "toy",
        ObservationShape = [2],
        Actions = ActionSpace.Box(1),
        Horizon = 50,
        ClipLength = ClipLength,
        FramesPerSecond = 8,
        Instructions = "more is better",
        StateLength = 1,
        PoseLength = 1,
    };

    public static EnvironmentSpec PixelSpec { get; } = Spec with { Id = "toy-pixels", ObservationShape = [4, 84, 84], Actions = ActionSpace.Discrete(3) };

    public static RewardInput Input { get; } = new(Spec);

    public static float TrueReward(float first, float second, float action) => first - (second * second) + action;

    /// <summary>A clip of vectors: [k, 2] observations and [k, 1] actions.</summary>
    public static RewardClip Clip(float[] observations, float[] actions) => new(Input, new Segment
    {
        RunId = 1,
        Step = 0,
        Length = actions.Length,
        ObservationShape = Spec.ObservationShape,
        Observations = observations,
        Actions = actions,
    });

    /// <summary>Random pairs with what an oracle answers; each step is drawn by itself.</summary>
    /// <param name="seed">Of the clips and of the errors.</param>
    /// <param name="count">Pairs.</param>
    /// <param name="length">k.</param>
    /// <param name="errors">Share of answers that are random.</param>
    public static LabelledPair[] Pairs(int seed, int count, int length = ClipLength, double errors = 0)
    {
        var random = new Random(seed);
        float[] numbers = Numbers.Normal(seed, count * 2 * length * 3, 0.7);
        var pairs = new LabelledPair[count];
        for (int i = 0; i < count; i++)
        {
            (RewardClip first, float return1) = Clip(numbers.AsSpan(i * 2 * length * 3, length * 3), length);
            (RewardClip second, float return2) = Clip(numbers.AsSpan(((i * 2) + 1) * length * 3, length * 3), length);
            float weight = return1 > return2 ? 1 : 0;
            if (random.NextDouble() < errors)
                weight = random.Next(2);
            pairs[i] = new LabelledPair(i + 1, first, second, weight, return1, return2);
        }

        return pairs;
    }

    /// <summary>Raw steps with their true rewards: [N, 2], [N, 1], [N].</summary>
    public static (float[] Observations, float[] Actions, float[] Rewards) Steps(int seed, int count)
    {
        float[] observations = Numbers.Normal(seed, 2 * count, 0.7), actions = [.. Numbers.Normal(seed + 1, count, 0.7).Select(a => Math.Clamp(a, -1, 1))];
        return (observations, actions, [.. Enumerable.Range(0, count).Select(i => TrueReward(observations[2 * i], observations[(2 * i) + 1], actions[i]))]);
    }

    /// <summary>An ensemble whose input moments know these clips.</summary>
    public static RewardEnsemble Ensemble(IEnumerable<LabelledPair> pairs, int members = 3, ulong seed = 1)
    {
        var ensemble = new RewardEnsemble(Input, new RewardModelOptions { Members = members }, seed);
        foreach (RewardClip clip in pairs.SelectMany(pair => new[] { pair.First, pair.Second }))
        {
            using var rows = new HostBuffer<float>(clip.Length * 3);
            clip.CopyTo(rows.Span);
            ensemble.ObserveInputs(rows.View(clip.Length, 3));
        }

        return ensemble;
    }

    private static (RewardClip Clip, float Return) Clip(ReadOnlySpan<float> numbers, int length)
    {
        float[] observations = numbers[..(2 * length)].ToArray(), actions = new float[length];
        float sum = 0;
        for (int i = 0; i < length; i++)
        {
            actions[i] = Math.Clamp(numbers[(2 * length) + i], -1, 1);
            sum += TrueReward(observations[2 * i], observations[(2 * i) + 1], actions[i]);
        }

        return (Clip(observations, actions), sum);
    }
}
