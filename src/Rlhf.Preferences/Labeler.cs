namespace Rlhf.Preferences;

/// <summary>Someone or something that answers.</summary>
/// <param name="Id">Given by the store.</param>
/// <param name="Name">For the pages and tables; unique.</param>
/// <param name="Kind">Who it is.</param>
/// <param name="Invited">When.</param>
/// <param name="Revoked">When the access ended; null while it lasts.</param>
public sealed record Labeler(long Id, string Name, LabelerKind Kind, DateTimeOffset Invited, DateTimeOffset? Revoked);
