using Rlhf.Fixtures.Format;

namespace Rlhf.Fixtures.Comparison;

/// <summary>Compares what was computed with what is expected: <c>|x − e| ≤ atol + rtol · |e|</c>; NaN and infinities must be the same.</summary>
internal static class Comparer
{
    /// <summary>The worst element of a floating-point tensor.</summary>
    public static Mismatch Compare(DeclaredTensor tensor, ReadOnlySpan<double> got, double[] expected, ToleranceNote tolerance, bool[]? where)
    {
        double worst = -1, errors = 0, norm = 0;
        int at = -1, failed = 0, compared = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (where is not null && !where[i])
                continue;
            compared++;
            double error = Error(got[i], expected[i]), allowed = Allowed(expected[i], tolerance.At(i, expected[i]));
            errors += error * error;
            norm += expected[i] * expected[i];
            bool bad = error > allowed;
            failed += bad ? 1 : 0;
            double severity = error == 0 ? 0 : bad && allowed == 0 ? double.MaxValue : error / allowed;
            if (severity > worst)
                (worst, at) = (severity, i);
        }

        if (at < 0)
            return new Mismatch(tensor.Name, string.Empty, 0, 0, 0, 0, 0, 0);
        if (failed > 0 && tolerance.WholeTensor > 0 && Math.Sqrt(errors) < tolerance.WholeTensor * Math.Sqrt(norm))
            return new Mismatch(tensor.Name, " (L2)", Math.Sqrt(norm), Math.Sqrt(norm), Math.Sqrt(errors), tolerance.WholeTensor * Math.Sqrt(norm), 0, compared);
        return new Mismatch(
            tensor.Name, Index(tensor.Shape, at), got[at], expected[at], Error(got[at], expected[at]), Allowed(expected[at], tolerance.At(at, expected[at])), failed, compared);
    }

    /// <summary>The worst element of an integer or boolean tensor: the first that differs.</summary>
    public static Mismatch Compare(DeclaredTensor tensor, ReadOnlySpan<long> got, long[] expected, bool[]? where)
    {
        int first = -1, failed = 0, compared = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (where is not null && !where[i])
                continue;
            compared++;
            if (got[i] == expected[i])
                continue;
            failed++;
            first = first < 0 ? i : first;
        }

        return first < 0
            ? new Mismatch(tensor.Name, string.Empty, 0, 0, 0, 0, 0, compared)
            : new Mismatch(tensor.Name, Index(tensor.Shape, first), got[first], expected[first], Math.Abs((double)got[first] - expected[first]), 0, failed, compared);
    }

    /// <summary>One number.</summary>
    public static Mismatch Compare(string path, double got, double expected, double allowed)
    {
        double error = Error(got, expected);
        allowed = Allowed(expected, allowed);
        return new Mismatch(path, string.Empty, got, expected, error, allowed, error > allowed ? 1 : 0, 1);
    }

    /// <summary>NaN and infinities are met exactly or not at all; a relative tolerance of infinity would allow anything.</summary>
    private static double Allowed(double expected, double allowed) => double.IsFinite(expected) ? allowed : 0;

    private static double Error(double got, double expected)
    {
        if (got.Equals(expected))
            return 0;
        double error = Math.Abs(got - expected);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    private static string Index(IReadOnlyList<int> shape, int flat)
    {
        int[] index = new int[shape.Count];
        for (int d = shape.Count - 1; d >= 0; d--)
        {
            index[d] = flat % shape[d];
            flat /= shape[d];
        }

        return index.Length == 0 ? string.Empty : $"[{string.Join(", ", index)}]";
    }
}
