using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Tests.Models;

/// <summary>Comparisons with the fixtures' tolerances: |x − expected| ≤ atol + rtol · |expected|.</summary>
internal static class Close
{
    /// <summary>Largest excess over the tolerance, as a text naming the element; null when all are within.</summary>
    internal static string? Worst(ReadOnlySpan<double> actual, ReadOnlySpan<float> expected, double rtol, double atol, Func<int, bool>? where = null)
    {
        if (actual.Length != expected.Length)
            return $"{actual.Length} elements, expected {expected.Length}";
        double worst = 0;
        string? text = null;
        for (int i = 0; i < actual.Length; i++)
        {
            if (where is not null && !where(i))
                continue;
            double error = Math.Abs(actual[i] - expected[i]) / (atol + (rtol * Math.Abs(expected[i])));
            if (!(error <= 1) && !(error <= worst))
            {
                worst = error;
                text = $"[{i}] is {actual[i]}, expected {expected[i]}: {error:g3} times the tolerance";
            }
        }

        return text;
    }

    internal static double[] Doubles(ReadOnlyView<float> view)
    {
        double[] values = new double[view.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = view[i / view.Cols, i % view.Cols];
        return values;
    }
}
