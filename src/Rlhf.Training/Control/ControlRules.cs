using System.Runtime.CompilerServices;
using Rlhf.Environments;

namespace Rlhf.Training.Control;

/// <summary>The checks of settings: one line with the name, the value and what was expected.</summary>
internal static class ControlRules
{
    public static void Above(double value, double least, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > least && double.IsFinite(value)))
            throw new ArgumentException($"{name} is {value}, expected above {least}");
    }

    public static void Within(double value, double low, double high, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= low && value <= high))
            throw new ArgumentException($"{name} is {value}, expected {(high == double.MaxValue ? $"at least {low}" : $"{low} to {high}")}");
    }

    /// <summary>Updates of a run; the last may overshoot.</summary>
    public static int Updates(long steps, int batch) => checked((int)((steps + batch - 1) / batch));

    /// <summary>Whether an update, counted from 0, is logged: every so many, the first and the last.</summary>
    public static bool Due(int update, int every, int total) => (every > 0 && (update + 1) % every == 0) || update == 0 || update + 1 == total;

    /// <summary>Refuses frames where the networks are made for vectors.</summary>
    public static void RequireVector(EnvironmentSpec environment, string algorithm)
    {
        if (environment.IsPixels)
            throw new ArgumentException($"{environment.Id} gives frames and {algorithm} takes vectors, expected a2c");
    }
}
