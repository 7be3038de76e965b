using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Tests.Simd;

/// <summary>A function of one register, to be run at each width.</summary>
internal interface ILaneFunction
{
    TV Apply<TV>(TV x)
        where TV : struct, ISimd<TV>;
}

/// <summary>Runs a lane function over an array at one width.</summary>
internal static unsafe class Lanes
{
    public static float[] Map<TFunction>(SimdWidth width, float[] values, TFunction function)
        where TFunction : struct, ILaneFunction => width switch
        {
            SimdWidth.Scalar => Map<TFunction, Lanes1>(values, function),
            SimdWidth.V128 => Map<TFunction, Lanes4>(values, function),
            SimdWidth.V256 => Map<TFunction, Lanes8>(values, function),
            _ => Map<TFunction, Lanes16>(values, function),
        };

    private static float[] Map<TFunction, TV>(float[] values, TFunction function)
        where TFunction : struct, ILaneFunction
        where TV : struct, ISimd<TV>
    {
        float[] padded = new float[(values.Length + TV.Width - 1) / TV.Width * TV.Width];
        values.CopyTo(padded, 0);
        fixed (float* p = padded)
        {
            for (int i = 0; i < padded.Length; i += TV.Width)
            {
                TV.Store(p + i, function.Apply(TV.Load(p + i)));
            }
        }

        return padded[..values.Length];
    }
}
