namespace Rlhf.Preferences;

/// <summary>What went into a file, or out of it.</summary>
/// <param name="Labels">Labels that were taken.</param>
/// <param name="LeftOut">Labels of the kind that were not: ties and "cannot tell" where the format has none, or what the store had already.</param>
public readonly record struct ExportCount(int Labels, int LeftOut);
