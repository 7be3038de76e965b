using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>Log-probs and entropies of a tile: the one place where they are added up, so that a drawn action and a replayed one have the same bits.</summary>
internal static unsafe class GaussianRows
{
    private const double HalfLogTwoPi = 0.91893853320467274178;

    /// <summary>Results of a tile from log σ and z² of its elements.</summary>
    public static void Write(
        in GaussianStd stds, float* logs, float* squares, int first, int rows, int cols, View<float> logprobs, View<float> entropy)
    {
        for (int row = 0; row < rows; row++)
        {
            double sum = 0, logSum = stds.LogSum(logs, row);
            for (int col = 0; col < cols; col++)
            {
                sum += *squares++;
            }

            logprobs[first + row] = (float)((-0.5 * sum) - logSum - (cols * HalfLogTwoPi));
            if (!entropy.IsEmpty)
            {
                entropy[first + row] = (float)(logSum + (cols * (0.5 + HalfLogTwoPi)));
            }
        }
    }

    /// <summary>z² of a tile's elements.</summary>
    public static void Square<TV>(float* means, float* actions, float* inverse, float* squares, int count)
        where TV : struct, ISimd<TV>
    {
        var step = new SquareStep<TV> { Means = means, Actions = actions, Inverse = inverse, Squares = squares };
        RowWalk.Run<TV, SquareStep<TV>>(ref step, count);
    }

    private struct SquareStep<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Means, Actions, Inverse, Squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV z = (TExtent.Load<TV>(Actions, index, rest) - TExtent.Load<TV>(Means, index, rest)) * TExtent.Load<TV>(Inverse, index, rest);
            TExtent.Store(Squares, index, z * z, rest);
        }
    }
}
