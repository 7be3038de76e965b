namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>Limits of a state that is still worth going on from.</summary>
internal static class Bounds
{
    /// <summary>Whether a number reaches ±<paramref name="limit"/>.</summary>
    public static bool Exceeded(ReadOnlySpan<double> numbers, double limit)
    {
        foreach (double number in numbers)
        {
            if (Math.Abs(number) >= limit)
                return true;
        }

        return false;
    }
}
