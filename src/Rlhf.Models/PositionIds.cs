using Rlhf.Kernels.Memory;

namespace Rlhf.Models;

/// <summary>Position ids that start at each sequence's first real token, so that left padding changes nothing.</summary>
public static class PositionIds
{
    /// <summary>Hugging Face generate: cumsum(mask) − 1, and 1 at padding.</summary>
    /// <param name="mask">[B, L] 1 at real tokens.</param>
    /// <param name="positions">[B, L] result.</param>
    public static void HuggingFace(ReadOnlyView<byte> mask, View<int> positions)
    {
        ExclusiveCumsum(mask, positions);
        for (int b = 0; b < mask.Rows; b++)
        {
            for (int t = 0; t < mask.Cols; t++)
            {
                if (mask[b, t] == 0)
                    positions[b, t] = 1;
            }
        }
    }

    /// <summary>TRL and lm-human-preferences (<c>positions_for</c>): the number of real tokens before. The same as Hugging Face's at real tokens.</summary>
    /// <param name="mask">[B, L] 1 at real tokens.</param>
    /// <param name="positions">[B, L] result.</param>
    public static void ExclusiveCumsum(ReadOnlyView<byte> mask, View<int> positions)
    {
        Require.Shape<int>(positions, mask.Rows, mask.Cols);
        for (int b = 0; b < mask.Rows; b++)
        {
            int count = 0;
            for (int t = 0; t < mask.Cols; t++)
            {
                positions[b, t] = count;
                count += mask[b, t] == 0 ? 0 : 1;
            }
        }
    }
}
