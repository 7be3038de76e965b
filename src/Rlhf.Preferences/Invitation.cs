namespace Rlhf.Preferences;

/// <summary>A labeler and the secret that proves to be them. The store keeps only its SHA-256, so this is the one time it can be seen.</summary>
/// <param name="Labeler">Who is invited.</param>
/// <param name="Token">256 random bits in base64url.</param>
public sealed record Invitation(Labeler Labeler, string Token);
