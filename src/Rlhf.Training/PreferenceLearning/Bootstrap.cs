using Rlhf.Kernels.Memory;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The bootstrap of a growing data set (Oza and Russell 2001): a member sees a label Poisson(1) times a pass, in the mean as often as in |D|
/// draws with replacement from D (Christiano et al. 2017, §2.2.3). The count is a function of seed, member and label alone, so it never
/// changes when labels arrive: what a member validates on it has never trained on.
/// </summary>
public static class Bootstrap
{
    /// <summary>Expected share of labels that a member never sees, 1/e: its validation set, the share that the paper holds out.</summary>
    public const double OutOfBagShare = 0.36787944117144233;

    private const ulong Stream = 0x626F6F74;

    /// <summary>How often a member sees a label; 0: the label belongs to the member's validation set.</summary>
    public static int Count(ulong seed, int member, long label)
    {
        double uniform = Philox.UniformDouble(seed, (ulong)label, (Stream << 32) | (uint)member);
        double term = OutOfBagShare, cumulative = term;
        int count = 0;
        while (uniform >= cumulative && count < 12)
        {
            count++;
            term /= count;
            cumulative += term;
        }

        return count;
    }
}
