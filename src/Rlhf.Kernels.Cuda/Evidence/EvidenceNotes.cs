namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Why a limit does not hold for an entry; printed beside its figures. What stands here is an exception, not a limit.</summary>
internal static class EvidenceNotes
{
    private const string Actions = "rows have a few actions and begin anywhere: neighbouring lanes load neighbouring words";

    private static readonly (string Entry, string Limit, string Why)[] Notes =
    [
        ("rlhf_gae_columns_f32", "widest load", "a column a thread: neighbouring lanes load neighbouring words; wide matrices take the packed variant"),
        ("rlhf_gaussian_logprob_forward_f32", "widest load", Actions),
        ("rlhf_gaussian_logprob_backward_f32", "widest load", Actions),
        ("rlhf_gaussian_kl_f32", "widest load", Actions),
        ("rlhf_gaussian_kl_gradient_f32", "widest load", Actions),
        ("rlhf_gaussian_f32", "widest load", Actions),
        ("rlhf_ranking_loss_f32", "widest load", "groups begin anywhere and have few items, a lane each"),
        ("rlhf_linear_ppo_stats_f32", "widest load", "a few numbers a token, V times fewer than the launches before it read"),
    ];

    /// <summary>The explanation of a limit that an entry breaks; null where there is none.</summary>
    public static string? Of(string entry, string broken) =>
        Array.Find(Notes, note => note.Entry == entry && broken.StartsWith(note.Limit, StringComparison.Ordinal)).Why;
}
