namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>The limits that every kernel is held to, and the explanations of what stands outside of them.</summary>
internal static class EvidenceLimits
{
    private const int HotLoadBytes = 16;

    private static readonly (string Prefix, double Ratio)[] Ratios =
    [
        ("rlhf_token_logprobs_forward", 1.05), ("rlhf_ppo_from_logits", 1.05), ("rlhf_gae", 1.1), ("rlhf_adamw", 1.02), ("rlhf_rms_prop", 1.02),
        ("rlhf_global_norm", 1.02),
    ];

    /// <summary>Largest allowed ratio of bytes over minimum; null where none is set.</summary>
    public static double? Ratio(string entry)
    {
        foreach ((string prefix, double ratio) in Ratios)
        {
            if (entry.StartsWith(prefix, StringComparison.Ordinal))
            {
                return ratio;
            }
        }

        return null;
    }

    /// <summary>The row with its limit, what it breaks and why.</summary>
    public static EvidenceRow Judge(EvidenceRow row)
    {
        double? limit = Ratio(row.Name);
        List<string> broken = [];
        if (row.Spills > 0)
        {
            broken.Add($"spills {row.Spills} bytes, expected 0");
        }

        if (row.StackBytes > 0)
        {
            broken.Add($"stack frame {row.StackBytes} bytes, expected 0");
        }

        if (row.LocalAccesses > 0)
        {
            broken.Add($"{row.LocalAccesses} accesses of local memory, expected 0");
        }

        if (row.FloatAtomics > 0)
        {
            broken.Add($"{row.FloatAtomics} atomic operations on floating-point numbers, expected 0");
        }

        if (row.WidestLoadBytes < HotLoadBytes)
        {
            broken.Add($"widest load {row.WidestLoadBytes} bytes, expected {HotLoadBytes}");
        }

        foreach (double ratio in row.OtherShapes.Select(other => other.BytesOverMinimum).Prepend(row.BytesOverMinimum ?? 0))
        {
            if (ratio > limit)
            {
                broken.Add($"moves {ratio:F3} of the least bytes, expected at most {limit}");
            }
        }

        string?[] reasons = [.. broken.Select(limit => EvidenceNotes.Of(row.Name, limit))];
        string[] notes = [.. reasons.Prepend(row.Note).OfType<string>()];
        return row with
        {
            Limit = limit, Broken = broken, Explained = !reasons.Contains(null), Note = notes.Length > 0 ? string.Join("; ", notes) : null,
        };
    }
}
