using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// verl's losses on given log-probs and values: dual clip with an asymmetric range, clipped value loss, each in four aggregations;
/// KL estimates with gradients. Metrics are means over counted tokens, whatever the aggregation.
/// </summary>
internal static class VerlLossesCase
{
    // verl bounds its k3 estimate; the other estimators it leaves alone.
    private const float K3Bound = 10;

    private static readonly (string Name, LossAggregation Mode)[] Aggregations =
    [
        ("token-mean", LossAggregation.TokenMean),
        ("seq-mean-token-sum", LossAggregation.SequenceMeanTokenSum),
        ("seq-mean-token-mean", LossAggregation.SequenceMeanTokenMean),
        ("seq-mean-token-sum-norm", LossAggregation.SequenceMeanTokenSumNorm),
    ];

    private static readonly (string Name, KlEstimator Estimator)[] Estimators =
    [
        ("k1", KlEstimator.K1), ("kl", KlEstimator.K1), ("abs", KlEstimator.Abs), ("k2", KlEstimator.K2), ("mse", KlEstimator.K2),
        ("k3", KlEstimator.K3), ("low_var_kl", KlEstimator.K3),
    ];

    public static void Run(CaseContext context)
    {
        CaseArguments arguments = context.Arguments;
        var options = new PpoClipOptions
        {
            ClipLow = (float)arguments.Number("clip_ratio_low"),
            ClipHigh = (float)arguments.Number("clip_ratio_high"),
            DualClip = (float)(arguments.OptionalNumber("clip_ratio_c") ?? 0),
        };
        float valueClip = (float)(arguments.OptionalNumber("cliprange_value") ?? double.PositiveInfinity);
        arguments.RejectUnread();

        IReadOnlyList<int> shape = context.Tensors.Shape("new_logps", 2);
        int rows = shape[0], cols = shape[1];
        View<byte> mask = context.Memory.Copy<byte>(context.Tensors.Mask("mask", rows, cols), rows, cols);
        View<float> logprobs = Matrix("new_logps"), old = Matrix("old_logps"), advantages = Matrix("advantages");
        View<float> values = Matrix("new_values"), oldValues = Matrix("old_values"), returns = Matrix("returns");
        View<float> gradient = context.Memory.Zeros<float>(rows, cols), stats = context.Memory.Zeros<float>(PpoClipStats.Length);
        View<float> weights = context.Memory.Zeros<float>(rows);
        Tolerance loss = context.Tolerances.For("loss"), grads = context.Tolerances.For("grads");
        foreach ((string name, LossAggregation mode) in Aggregations)
        {
            float normalizer = Math.Max(1, LossWeights.Write(mode, mask, cols, weights));
            context.Kernels.PpoClipLoss(new PpoClipLossArgs
            {
                Logprobs = logprobs,
                OldLogprobs = old,
                Advantages = advantages,
                Mask = mask,
                Options = options,
                Normalizer = normalizer,
                RowWeights = weights,
                GradLogprobs = gradient,
                Stats = stats,
            });
            PpoClipStats policy = PpoClipStats.Read(stats);
            context.Check($"grad_logps:{name}", Scratch.Span(gradient), grads);
            context.CheckScalar($"policy/{name}/loss", policy.Loss, loss);
            context.CheckScalar($"policy/{name}/actor/pg_clipfrac", policy.ClipFraction, loss);
            context.CheckScalar($"policy/{name}/actor/ppo_kl", policy.KlMean, loss);
            context.CheckScalar($"policy/{name}/actor/pg_clipfrac_lower", policy.DualClipFraction, loss);

            View<float> valueStats = context.Memory.Zeros<float>(ValueClipStats.Length);
            context.Kernels.ValueClipLoss(new ValueClipLossArgs
            {
                Values = values,
                OldValues = oldValues,
                Returns = returns,
                Mask = mask,
                ClipRange = valueClip,
                Normalizer = normalizer,
                RowWeights = weights,
                GradValues = gradient,
                Stats = valueStats,
            });
            ValueClipStats value = ValueClipStats.Read(valueStats);
            context.Check($"grad_new_values:{name}", Scratch.Span(gradient), grads);
            context.CheckScalar($"value/{name}/loss", value.Loss, loss);
            context.CheckScalar($"value/{name}/clipfrac", value.ClipFraction, loss);
        }

        Kl(context, logprobs, mask);

        View<float> Matrix(string name) => context.Memory.Copy<float>(context.Tensors.Singles(name, rows, cols), rows, cols);
    }

    /// <summary>Estimates stand at every position; their gradient is that of the masked sum.</summary>
    private static void Kl(CaseContext context, View<float> logprobs, View<byte> mask)
    {
        int rows = logprobs.Rows, cols = logprobs.Cols;
        if (!context.Tensors.HasInput("ref_logps"))
            return;
        View<float> reference = context.Memory.Copy<float>(context.Tensors.Singles("ref_logps", rows, cols), rows, cols);
        View<float> kl = context.Memory.Zeros<float>(rows, cols), gradient = context.Memory.Zeros<float>(rows, cols);
        foreach ((string name, KlEstimator estimator) in Estimators)
        {
            Estimate(default, default);
            context.Check($"kl:{name}", Scratch.Span(kl), context.Tolerances.For("kl", "loss"));
            Estimate(mask, gradient);
            context.Check($"grad_kl:{name}", Scratch.Span(gradient), context.Tolerances.For("grads"));

            void Estimate(View<byte> counted, View<float> grad) => context.Kernels.KlEstimate(new KlEstimateArgs
            {
                Logprobs = logprobs,
                RefLogprobs = reference,
                Mask = counted,
                Estimator = estimator,
                Clamp = estimator == KlEstimator.K3 ? K3Bound : float.PositiveInfinity,
                Kl = kl,
                GradLogprobs = grad,
            });
        }
    }
}
