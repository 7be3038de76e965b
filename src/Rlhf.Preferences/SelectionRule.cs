namespace Rlhf.Preferences;

/// <summary>Which of the candidate pairs are worth a labeler's time.</summary>
public enum SelectionRule
{
    /// <summary>Most variance over members of the predicted probability (Christiano et al. 2017, §2.2.4).</summary>
    Variance,

    /// <summary>Most variance over members of the difference of summed rewards.</summary>
    LogitVariance,

    /// <summary>Most variance over members of the side that they prefer.</summary>
    LabelVariance,

    /// <summary>Most mutual information between the answer and the member that is right (BALD; Houlsby et al. 2011).</summary>
    InformationGain,

    /// <summary>Any: the ablation, and the first round when no reward model has seen a label.</summary>
    Random,
}
