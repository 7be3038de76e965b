namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Why an entry's figures stand out; each is printed beside them.</summary>
internal static class EvidenceNotes
{
    private static readonly (Func<EvidenceRow, bool> Where, string Why)[] Notes =
    [
        (row => row.Name == "rlhf_gae_columns_f32", "a column a thread: neighbouring lanes load neighbouring words; wide matrices take the packed variant"),
        (row => row.Name == "rlhf_ranking_loss_f32", "groups begin anywhere and have few items, a lane each"),
        (row => row.Name == "rlhf_linear_ppo_stats_f32", "a few numbers a token, V times fewer than the launches before it read"),
    ];

    /// <summary>The explanation of an entry; null where nothing needs one.</summary>
    public static string? Of(EvidenceRow row)
    {
        string why = string.Join("; ", Notes.Where(note => note.Where(row)).Select(note => note.Why));
        return why.Length > 0 ? why : null;
    }
}
