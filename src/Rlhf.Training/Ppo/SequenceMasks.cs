using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Ppo;

/// <summary>Masks that follow from lengths.</summary>
public static class SequenceMasks
{
    /// <summary>Counts the first <c>lengths[b] + extra</c> positions of each row.</summary>
    /// <param name="lengths">[B] real tokens.</param>
    /// <param name="extra">0 for the policy (TRL's ~padding_mask); 1 for a value after the last token (~padding_mask_p1).</param>
    /// <param name="mask">[B, T] result: 1 where the position counts.</param>
    public static void FromLengths(ReadOnlyView<int> lengths, int extra, View<byte> mask)
    {
        Require.Shape(lengths, mask.Rows, 1);
        for (int b = 0; b < mask.Rows; b++)
        {
            for (int t = 0; t < mask.Cols; t++)
                mask[b, t] = t < lengths[b] + extra ? (byte)1 : (byte)0;
        }
    }
}
