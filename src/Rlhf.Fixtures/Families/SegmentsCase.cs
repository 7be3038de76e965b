using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;

namespace Rlhf.Fixtures.Families;

/// <summary>Christiano et al.'s preference loss over pairs of segments.</summary>
internal static class SegmentsCase
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        CaseArguments arguments = context.Arguments;
        IReadOnlyList<int> shape = tensors.Shape("rewards1", 2);
        int pairs = shape[0], length = shape[1];
        arguments.Size("pairs", pairs);
        arguments.Size("segment_length", length);
        double noise = arguments.OptionalNumber("noise_prob") ?? 0;
        double discount = arguments.OptionalNumber("discount_factor") ?? 1;
        double threshold = arguments.OptionalNumber("threshold") ?? float.MaxValue;
        arguments.RejectUnread();

        View<float> probabilities = context.Memory.Zeros<float>(pairs), stats = context.Memory.Zeros<float>(PreferenceStats.Length);
        float[] labels = tensors.Singles("label", pairs);
        View<float> grad1 = context.Memory.Zeros<float>(pairs, length), grad2 = context.Memory.Zeros<float>(pairs, length);
        context.Kernels.SegmentPreference(new SegmentPreferenceArgs
        {
            Rewards1 = context.Memory.Copy<float>(tensors.Singles("rewards1"), pairs, length),
            Rewards2 = context.Memory.Copy<float>(tensors.Singles("rewards2", pairs, length), pairs, length),
            Labels = context.Memory.Copy<float>(labels, pairs),
            Noise = (float)noise,
            Discount = (float)discount,
            Limit = (float)threshold,
            Normalizer = pairs,
            Probabilities = probabilities,
            GradRewards1 = grad1,
            GradRewards2 = grad2,
            Stats = stats,
        });

        PreferenceStats result = PreferenceStats.Read(stats);
        Tolerance loss = context.Tolerances.For("loss"), grads = context.Tolerances.For("grads");
        context.CheckScalar("loss", result.Loss, loss);

        // The reference counts a pair as right when prediction and label fall on the same side of ½, a tie on the lower one.
        context.CheckScalar("accuracy", labels.Select((label, i) => (label > 0.5f) == (probabilities[i] > 0.5f)).Average(right => right ? 1.0 : 0.0), loss);
        context.Check("prob1", Scratch.Span(probabilities), context.Tolerances.For("prob1", "loss"));
        context.Check("grad_rewards1", Scratch.Span(grad1), grads);
        context.Check("grad_rewards2", Scratch.Span(grad2), grads);
    }
}
