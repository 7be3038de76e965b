namespace Rlhf.Labeling;

/// <summary>How often one model's responses were preferred to another's.</summary>
/// <param name="First">One model.</param>
/// <param name="Second">The other.</param>
/// <param name="WinRate">Share of votes for the first, ties half.</param>
/// <param name="Votes">Votes cast.</param>
public sealed record WinCount(string First, string Second, double WinRate, int Votes);
