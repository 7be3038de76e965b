namespace Rlhf.Preferences;

/// <summary>A labelled pair, ready for training: (σ¹, σ², μ) of Christiano et al. 2017, §2.2.2.</summary>
/// <param name="Id">The label's id; later ones have greater ids.</param>
/// <param name="QueryId">The query it answers.</param>
/// <param name="First">σ¹: id of the segment or text.</param>
/// <param name="Second">σ².</param>
/// <param name="FirstWeight">μ(1): 1 where the first is better, 0 where the second is, ½ for a tie.</param>
/// <param name="LabelerId">Who answered.</param>
public readonly record struct Comparison(long Id, long QueryId, long First, long Second, float FirstWeight, long LabelerId);
