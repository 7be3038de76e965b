namespace Rlhf.Preferences;

/// <summary>An answer in the store.</summary>
/// <param name="Id">Later answers have greater ids.</param>
/// <param name="Query">What was asked.</param>
/// <param name="LabelerId">Who answered.</param>
/// <param name="Judgement">The answer, in the query's order of items (not of display).</param>
/// <param name="At">When.</param>
/// <param name="Retracted">Whether it was undone or replaced later, and so no longer counts.</param>
public sealed record Label(long Id, Query Query, long LabelerId, Judgement Judgement, DateTimeOffset At, bool Retracted);
