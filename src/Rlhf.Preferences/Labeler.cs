namespace Rlhf.Preferences;

/// <summary>Someone or something that answers.</summary>
/// <param name="Id">Given by the store.</param>
/// <param name="Name">For the pages and tables; unique.</param>
/// <param name="Kind">Who it is.</param>
/// <param name="HasLink">Whether an invitation was given out; false for an oracle, and for a person whose answers came from a file.</param>
/// <param name="Invited">When, or when their answers came in.</param>
/// <param name="Revoked">When the access ended; null while it lasts.</param>
public sealed record Labeler(long Id, string Name, LabelerKind Kind, bool HasLink, DateTimeOffset Invited, DateTimeOffset? Revoked);
