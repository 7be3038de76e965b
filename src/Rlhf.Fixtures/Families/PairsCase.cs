using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;

namespace Rlhf.Fixtures.Families;

/// <summary>TRL's reward-model loss over pairs, with its logged metrics.</summary>
internal static class PairsCase
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        int pairs = tensors.Shape("chosen", 1)[0];
        context.Arguments.Size("N", pairs);
        bool hasMargin = context.Arguments.Boolean("margin", tensors.HasInput("margin"));
        double centering = context.Arguments.OptionalNumber("center_rewards_coefficient") ?? 0;
        context.Arguments.RejectUnread();

        View<float> gradChosen = context.Memory.Zeros<float>(pairs), gradRejected = context.Memory.Zeros<float>(pairs);
        View<float> stats = context.Memory.Zeros<float>(PreferenceStats.Length);
        context.Kernels.PairwiseLoss(new PairwiseLossArgs
        {
            Chosen = context.Memory.Copy<float>(tensors.Singles("chosen"), pairs),
            Rejected = context.Memory.Copy<float>(tensors.Singles("rejected", pairs), pairs),
            Margins = hasMargin ? context.Memory.Copy<float>(tensors.Singles("margin", pairs), pairs) : default,
            Centering = (float)centering,
            Normalizer = pairs,
            GradChosen = gradChosen,
            GradRejected = gradRejected,
            Stats = stats,
        });

        PreferenceStats result = PreferenceStats.Read(stats);
        Tolerance loss = context.Tolerances.For("loss"), grads = context.Tolerances.For("grads");
        context.CheckScalar("loss", result.Loss, loss);
        context.CheckScalar("accuracy", result.Accuracy, loss);
        context.CheckScalar("margin", result.MarginMean, loss);
        context.CheckScalar("min_reward", result.RewardMin, loss);
        context.CheckScalar("mean_reward", result.RewardMean, loss);
        context.CheckScalar("max_reward", result.RewardMax, loss);
        context.Check("grad_chosen", Scratch.Span(gradChosen), grads);
        context.Check("grad_rejected", Scratch.Span(gradRejected), grads);
    }
}
