using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Conformance;

/// <summary>Values in a storage type, and back: the reference takes the very numbers that the kernel reads.</summary>
internal static class Stored
{
    /// <summary>Rounds to the storage type.</summary>
    public static T[] Of<T>(ReadOnlySpan<float> values)
        where T : unmanaged
    {
        var result = new T[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            result[i] = Narrow<T>(values[i]);
        }

        return result;
    }

    /// <summary>The nearest stored value.</summary>
    public static T Narrow<T>(float value)
        where T : unmanaged =>
        typeof(T) == typeof(float) ? (T)(object)value : typeof(T) == typeof(BFloat16) ? (T)(object)(BFloat16)value : (T)(object)(Half)value;

    /// <summary>The exact value.</summary>
    public static float Widen<T>(T value)
        where T : unmanaged =>
        value switch
        {
            float single => single,
            BFloat16 brain => (float)brain,
            Half half => (float)half,
            _ => throw new ArgumentException($"storage type {typeof(T).Name}, expected Single, BFloat16 or Half"),
        };

    /// <summary>A row of a view, widened.</summary>
    public static unsafe double[] Row<T>(ReadOnlyView<T> view, int row)
        where T : unmanaged
    {
        double[] values = new double[view.Cols];
        for (int col = 0; col < values.Length; col++)
        {
            values[col] = Widen(view.Row(row)[col]);
        }

        return values;
    }

    /// <summary>Relative size of the type's last place; 0 for f32, whose rounding is in the kernels' tolerances.</summary>
    public static double Ulp<T>()
        where T : unmanaged => typeof(T) == typeof(float) ? 0 : typeof(T) == typeof(BFloat16) ? 1.0 / 256 : 1.0 / 2048;
}
