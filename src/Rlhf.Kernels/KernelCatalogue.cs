namespace Rlhf.Kernels;

/// <summary>All kernels. Tests, benchmarks and the architecture check walk this list.</summary>
public static class KernelCatalogue
{
    /// <summary>Every kernel once, by family.</summary>
    public static IReadOnlyList<KernelInfo> All { get; } =
    [
        new("Sequence", "TokenLogprobs", "logit", 4, 8, 1e-6, 1e-6, "|error| ≤ 1e-6 (1 + |logprob|): f32 exponentials of 2 ulp, sums of V terms in lanes"),
        new("Sequence", "LinearLogprobs", "logit", 0, 0, 1e-5, 1e-5, "the GEMM's sum of H f32 products comes first"),
        new("Sequence", "KlShapedRewards", "token", 12, 10, 2e-6, 1e-6, "a few f32 roundings of inputs of order 1"),
        new("Sequence", "Gae", "step", 17, 5, 2e-6, 2e-6, "relative to max |A|: one rounding a step of a decaying sum"),
        new("Sequence", "MaskedMean", "token", 9, 4, 1e-6, 1e-6, "f64 partial sums, one rounding at the end"),
        new("Sequence", "Whiten", "token", 13, 6, 4e-6, 1e-6, "division by a rounded standard deviation"),
        new("Policy", "PpoClipLoss", "token", 17, 20, 4e-6, 1e-7, "ratio by an f32 exponential of a rounded difference"),
        new("Policy", "PpoFromLogits", "logit", 8, 12, 4e-6, 1e-6, "log-prob and ratio as their own kernels"),
        new("Policy", "LinearPpo", "logit", 0, 0, 2e-5, 2e-6, "the GEMM's sum of H f32 products comes first"),
        new("Policy", "ValueClipLoss", "token", 17, 12, 2e-6, 1e-7, "squares of rounded differences"),
        new("Policy", "KlEstimate", "token", 13, 10, 2e-6, 1e-9, "series near zero, exponential beyond"),
        new("Preference", "PairwiseLoss", "pair", 16, 15, 2e-6, 1e-7, "f32 exponential and logarithm of 2 ulp in the stable form"),
        new("Preference", "RankingLoss", "pair", 8, 15, 4e-6, 1e-7, "f32 exponential and logarithm, sums over a group"),
        new("Preference", "SegmentPreference", "step", 16, 6, 4e-6, 1e-7, "the segment sum of f32 rewards in f64"),
        new("Control", "GaussianLogprob", "action", 8, 6, 2e-6, 1e-6, "an f32 exponential of 2 ulp, squared; row sums in f64"),
        new("Control", "GaussianKl", "action", 12, 20, 2e-6, 1e-7, "an f32 exponential of 2 ulp, squared; a series near zero"),
        new("Sampling", "Gaussian", "action", 8, 60, 1e-6, 1e-7, "f32 logarithm, root and cosine of exact uniform numbers"),
        new("Sampling", "Categorical", "logit", 4, 10, 1e-6, 1e-6, "the log-prob is that of TokenLogprobs"),
        new("Optimizer", "GlobalNorm", "parameter", 4, 2, 1e-6, 0, "f64 sums of f32 squares"),
        new("Optimizer", "AdamW", "parameter", 28, 14, 2e-6, 1e-8, "elementwise, a division and a root"),
        new("Optimizer", "RmsProp", "parameter", 20, 8, 2e-6, 1e-8, "elementwise, a division and a root"),
    ];
}
