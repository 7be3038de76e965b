using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>Turns a <see cref="LossAggregation"/> into what the loss kernels take: a weight a row, and a normaliser.</summary>
public static class LossWeights
{
    /// <summary>Writes the weight of each row and returns the normaliser of this mask.</summary>
    /// <param name="aggregation">How token losses become one number.</param>
    /// <param name="mask">[B, T] 1 where the token counts. Left out: all of <paramref name="cols"/> count.</param>
    /// <param name="cols">T.</param>
    /// <param name="rowWeights">[B] result, any stride.</param>
    /// <returns>
    /// The count of tokens or sequences: add them up over micro-batches and ranks (of <see cref="LossAggregation.SequenceMeanTokenSumNorm"/>,
    /// which is T, take one). 0 where the mask counts nothing: the kernels want a number above 0, any will do then.
    /// </returns>
    public static float Write(LossAggregation aggregation, ReadOnlyView<byte> mask, int cols, View<float> rowWeights)
    {
        Require.OptionalShape(mask, rowWeights.Rows, cols);
        long tokens = 0;
        int sequences = 0;
        for (int row = 0; row < rowWeights.Rows; row++)
        {
            int counted = mask.IsEmpty ? cols : Count(mask, row);
            tokens += counted;
            sequences += counted > 0 ? 1 : 0;
            rowWeights[row] = aggregation == LossAggregation.SequenceMeanTokenMean ? 1f / Math.Max(counted, 1) : 1f;
        }

        return aggregation switch
        {
            LossAggregation.TokenMean => tokens,
            LossAggregation.SequenceMeanTokenSumNorm => cols,
            _ => sequences,
        };
    }

    private static int Count(ReadOnlyView<byte> mask, int row)
    {
        int count = 0;
        for (int t = 0; t < mask.Cols; t++)
        {
            count += mask[row, t] != 0 ? 1 : 0;
        }

        return count;
    }
}
