namespace Rlhf.Preferences;

/// <summary>What a labeler is asked.</summary>
public enum QueryKind
{
    /// <summary>Which of two clips is better: items are two segments.</summary>
    ClipPair,

    /// <summary>Which of two responses is better: items are two texts of one prompt.</summary>
    TextPair,

    /// <summary>The order of K = 4…9 responses (Ouyang et al. 2022, §3.4), each with a quality of 1…7 if wanted: items are K texts of one prompt.</summary>
    Ranking,

    /// <summary>A response of the labeler's own (Ouyang et al. 2022, step 1): the item is a text with an empty response.</summary>
    Demonstration,

    /// <summary>Which of two models' responses is better, to count wins: items are two texts of one prompt by different models. Not for training.</summary>
    BlindVote,
}
