using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Networks;

/// <summary>First weights, the same for a seed on every platform.</summary>
internal static class NetworkInit
{
    /// <summary>Fills all weights of one member. Its numbers depend on the seed and the member, not on how many there are.</summary>
    internal static void Fill(NetworkSpec spec, IEnumerable<NetworkParameter> parameters, Span<float> weights, ulong seed, int member)
    {
        foreach (NetworkParameter parameter in parameters.Where(parameter => parameter.Member == member))
        {
            NetworkLayer layer = spec.Layers[parameter.Layer];
            Span<float> values = weights.Slice(parameter.Offset, parameter.Count);
            ulong stream = ((ulong)(uint)member << 32) | ((uint)parameter.Layer << 1) | (parameter.IsBias ? 1u : 0u);
            if (layer.Kind == NetworkLayerKind.BatchNorm)
                values.Fill(parameter.IsBias ? 0 : 1);
            else if (layer.Gains.Count == 0)
                Uniform(values, 1 / Math.Sqrt(FanIn(parameters, parameter)), seed, stream);
            else if (parameter.IsBias)
                values.Fill(layer.Bias);
            else
                Blocks(values, layer, parameter.Count / layer.Outputs, seed, stream);
        }
    }

    private static int FanIn(IEnumerable<NetworkParameter> parameters, NetworkParameter parameter)
    {
        NetworkParameter weight = parameters.First(other => other.Layer == parameter.Layer && !other.IsBias);
        return weight.Count / weight.Shape[0];
    }

    private static void Uniform(Span<float> values, double bound, ulong seed, ulong stream)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(bound * ((2 * Philox.UniformDouble(seed, (ulong)i, stream)) - 1));
    }

    private static void Blocks(Span<float> values, NetworkLayer layer, int inputs, ulong seed, ulong stream)
    {
        int row = 0;
        foreach ((int outputs, float gain) in layer.Gains)
        {
            Orthogonal(values.Slice(row * inputs, outputs * inputs), outputs, inputs, gain, seed, stream, (ulong)row * (ulong)inputs);
            row += outputs;
        }
    }

    /// <summary>
    /// Rows (or columns, where there are more rows) of length gain, at right angles to one another: Gram–Schmidt, twice, over normal vectors,
    /// which is the Q of their QR decomposition with positive diagonal, so uniform over such matrices (Mezzadri 2007).
    /// </summary>
    private static void Orthogonal(Span<float> values, int rows, int cols, float gain, ulong seed, ulong stream, ulong first)
    {
        int count = Math.Min(rows, cols), length = Math.Max(rows, cols);
        double[] vectors = new double[count * length];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = Normal(seed, first + (ulong)i, stream);
        for (int i = 0; i < count; i++)
        {
            Span<double> vector = vectors.AsSpan(i * length, length);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    ReadOnlySpan<double> other = vectors.AsSpan(j * length, length);
                    double dot = Dot(vector, other);
                    for (int k = 0; k < length; k++)
                        vector[k] -= dot * other[k];
                }
            }

            double norm = Math.Sqrt(Dot(vector, vector));
            for (int k = 0; k < length; k++)
                vector[k] /= norm;
        }

        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < length; k++)
                values[rows <= cols ? (i * cols) + k : (k * cols) + i] = (float)(gain * vectors[(i * length) + k]);
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Box–Muller.</summary>
    private static double Normal(ulong seed, ulong index, ulong stream)
    {
        (uint a, uint b, _, _) = Philox.Generate(seed, index, stream);
        return Math.Sqrt(-2 * Math.Log((a + 1.0) / 4294967296.0)) * Math.Cos(2 * Math.PI * (b / 4294967296.0));
    }
}
