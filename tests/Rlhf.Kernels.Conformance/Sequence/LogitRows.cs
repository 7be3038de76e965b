using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.Sequence;

/// <summary>Rows of logits that broke other people's kernels: each kind fills one row of V logits.</summary>
internal static class LogitRows
{
    /// <summary>All kinds by name.</summary>
    public static string[] Kinds { get; } =
        ["normal", "wide", "peaked", "all_negative", "huge", "linear", "plus_1e4", "minus_1e4", "masked_third", "one_finite", "equal"];

    /// <summary>One row, of a kind or "certain": the target of <see cref="Target"/> has all of the probability but 1e-7 or less.</summary>
    public static float[] Make(string kind, int seed, int vocab)
    {
        float[] row = Data.Normal(seed, vocab, scale: 2);
        for (int j = 0; j < vocab; j++)
        {
            row[j] = kind switch
            {
                "normal" => row[j],
                "wide" => row[j] * 15,
                "peaked" => j == vocab / 2 ? 12f : row[j],
                "all_negative" => -200f + row[j],
                "huge" => j % 2 == 0 ? 1e4f : -1e4f,
                "linear" => vocab == 1 ? 0 : (float)(-1e4 + (2e4 * j / (vocab - 1))),
                "plus_1e4" => 1e4f + row[j],
                "minus_1e4" => -1e4f + row[j],
                "masked_third" => j % 3 == 1 ? float.NegativeInfinity : row[j],
                "one_finite" => j == vocab - 1 ? row[j] : float.NegativeInfinity,
                "equal" => 0.25f,
                "certain" => j == vocab / 3 ? 30f : row[j],
                _ => throw new ArgumentException(kind),
            };
        }

        return row;
    }

    /// <summary>A token of finite probability: the last one that is not masked, at or before a third of the row where there is one.</summary>
    public static int Target(float[] row)
    {
        int target = Array.FindLastIndex(row, row.Length / 3, value => !float.IsNegativeInfinity(value));
        return target >= 0 ? target : Array.FindIndex(row, value => !float.IsNegativeInfinity(value));
    }
}
