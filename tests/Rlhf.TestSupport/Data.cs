using Rlhf.Kernels.Memory;

namespace Rlhf.TestSupport;

/// <summary>Seeded test data and conversions between what kernels take and what references take.</summary>
public static class Data
{
    /// <summary>Normal numbers (Box–Muller) from a seed.</summary>
    public static float[] Normal(int seed, int count, double scale = 1, double mean = 0)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(mean + (scale * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return values;
    }

    /// <summary>A mask that counts each position with a probability.</summary>
    public static byte[] Mask(int seed, int count, double probability = 0.7)
    {
        var random = new Random(seed);
        byte[] mask = new byte[count];
        for (int i = 0; i < count; i++)
        {
            mask[i] = random.NextDouble() < probability ? (byte)1 : (byte)0;
        }

        return mask;
    }

    /// <summary>Integers from 0 up to, but not including, a bound.</summary>
    public static int[] Integers(int seed, int count, int bound)
    {
        var random = new Random(seed);
        int[] values = new int[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = random.Next(bound);
        }

        return values;
    }

    /// <summary>Exact widening.</summary>
    public static double[] Doubles(ReadOnlySpan<float> values)
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            result[i] = values[i];
        }

        return result;
    }

    /// <summary>Mask bytes as booleans.</summary>
    public static bool[] Booleans(ReadOnlySpan<byte> values)
    {
        bool[] result = new bool[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            result[i] = values[i] != 0;
        }

        return result;
    }

    /// <summary>Rounds to bf16 storage.</summary>
    public static BFloat16[] BFloat16s(ReadOnlySpan<float> values)
    {
        var result = new BFloat16[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            result[i] = (BFloat16)values[i];
        }

        return result;
    }
}
