using Rlhf.Kernels.Memory;

namespace Rlhf.Environments.Tests;

/// <summary>Runs environments with actions drawn from a seed.</summary>
internal static class Rollout
{
    /// <summary>An action that the space allows, drawn by (seed, number).</summary>
    public static void Draw(ActionSpace space, ulong seed, long number, Span<float> action)
    {
        for (int i = 0; i < space.Length; i++)
        {
            float uniform = Philox.Uniform(seed, (ulong)number, (ulong)i);
            action[i] = space.IsDiscrete ? MathF.Floor(uniform * space.Choices) : space.Low[i] + ((space.High[i] - space.Low[i]) * uniform);
        }
    }

    /// <summary>Every number that a vector environment gave in some steps.</summary>
    public static List<float> Record(Func<IEnvironment> make, int count, int threads, ulong seed, int steps)
    {
        using var vector = new VectorEnvironment([.. Enumerable.Range(0, count).Select(_ => make())], threads, seed);
        using var actions = new HostBuffer<float>(count * vector.Spec.Actions.Length);
        List<float> numbers = [];
        vector.Reset();
        AddRows(numbers, vector.Observations);
        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < count; i++)
                Draw(vector.Spec.Actions, seed, (step * count) + i, actions.Span.Slice(i * vector.Spec.Actions.Length, vector.Spec.Actions.Length));
            vector.Step(actions.View(count, vector.Spec.Actions.Length));
            AddRows(numbers, vector.Observations);
            AddRows(numbers, vector.Rewards);
            for (int i = 0; i < count; i++)
            {
                numbers.Add(vector.Terminated[i]);
                numbers.Add(vector.Truncated[i]);
                if ((vector.Terminated[i] | vector.Truncated[i]) != 0)
                    AddRows(numbers, vector.FinalObservations.SliceRows(i, 1));
            }
        }

        return numbers;
    }

    private static void AddRows(List<float> numbers, View<float> rows)
    {
        for (int row = 0; row < rows.Rows; row++)
        {
            for (int col = 0; col < rows.Cols; col++)
                numbers.Add(rows[row, col]);
        }
    }
}
