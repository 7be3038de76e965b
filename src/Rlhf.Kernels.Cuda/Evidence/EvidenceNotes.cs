namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Why an entry's figures stand out; each is printed beside them.</summary>
internal static class EvidenceNotes
{
    private static readonly (Func<EvidenceRow, bool> Where, string Why)[] Notes =
    [
    ];

    /// <summary>The explanation of an entry; null where nothing needs one.</summary>
    public static string? Of(EvidenceRow row)
    {
        string why = string.Join("; ", Notes.Where(note => note.Where(row)).Select(note => note.Why));
        return why.Length > 0 ? why : null;
    }
}
