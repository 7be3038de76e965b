using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>The standard deviations of a tile's elements. Those of a policy that has one row for all states are taken once a block.</summary>
internal readonly unsafe struct GaussianStd
{
    // Where 1 / σ and σ are both normal numbers.
    private const float Limit = 87f;

    private readonly ReadOnlyView<float> _logStds;
    private readonly int _cols;
    private readonly float* _inverse, _copy;
    private readonly double _logSum;

    private GaussianStd(ReadOnlyView<float> logStds, float* inverse, float* copy, double logSum)
    {
        (_logStds, _cols, _logSum) = (logStds, logStds.Cols, logSum);
        _inverse = inverse;
        _copy = copy;
    }

    /// <summary>Whether all rows have the same.</summary>
    public bool IsShared => _logStds.Rows == 1;

    /// <summary>Standard deviations in the room given: 1 / σ of a tile, and a copy of their logarithms.</summary>
    public static GaussianStd Create<TV>(ReadOnlyView<float> logStds, int tileRows, float* inverse, float* copy)
        where TV : struct, ISimd<TV>
    {
        if (logStds.Rows != 1)
        {
            return new GaussianStd(logStds, inverse, copy, 0);
        }

        RowTiles.Repeat(logStds.Pointer, tileRows, logStds.Cols, copy);
        Invert<TV>(copy, tileRows * logStds.Cols, inverse);
        return new GaussianStd(logStds, inverse, copy, Total(logStds.Pointer, logStds.Cols));
    }

    /// <summary>1 / σ and log σ of the elements of a tile.</summary>
    public float* Load<TV>(int first, int rows, out float* logs)
        where TV : struct, ISimd<TV>
    {
        logs = _copy;
        if (!IsShared)
        {
            logs = RowTiles.Read(_logStds, first, rows, _copy);
            Invert<TV>(logs, rows * _cols, _inverse);
        }

        return _inverse;
    }

    /// <summary>Σ log σ of one row of the tile that was loaded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double LogSum(float* logs, int row) => IsShared ? _logSum : Total(logs + (row * _cols), _cols);

    /// <summary>σ to the power of <paramref name="sign"/> (1 or −1), bounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Power<TV>(TV logStd, float sign)
        where TV : struct, ISimd<TV> =>
        // The number stands on the right: Max and Min keep its NaN.
        SimdMath.Exp(TV.Min(TV.Broadcast(Limit), TV.Max(TV.Broadcast(-Limit), logStd * TV.Broadcast(sign))));

    private static double Total(float* logs, int cols)
    {
        double sum = 0;
        for (int col = 0; col < cols; col++)
        {
            sum += logs[col];
        }

        return sum;
    }

    private static void Invert<TV>(float* logs, int count, float* inverse)
        where TV : struct, ISimd<TV>
    {
        var step = new InverseStep<TV> { Logs = logs, Inverse = inverse };
        RowWalk.Run<TV, InverseStep<TV>>(ref step, count);
    }

    private struct InverseStep<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Logs, Inverse;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent =>
            TExtent.Store(Inverse, index, Power(TExtent.Load<TV>(Logs, index, rest), -1f), rest);
    }
}
