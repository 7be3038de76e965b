using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance;

/// <summary>A call of every kernel, large enough to be split over threads, for what all kernels have in common.</summary>
public static class KernelCalls
{
    private const int B = 37, T = 700, N = B * T, Rows = 24, V = 3001, H = 40;

    // The calls point into this memory: it lives as long as the process.
    private static readonly List<IDisposable> Memory = [];

    private static readonly Lazy<KernelCall[]> Calls = new(() => [.. Losses(), .. Sequences(), .. Preferences(), .. Control(), .. Logits(), .. Heads()]);

    /// <summary>Every call.</summary>
    public static IReadOnlyList<KernelCall> All => Calls.Value;

    private static Pinned<byte> Mask => Of(Data.Mask(9, N), B, T);

    private static IEnumerable<KernelCall> Losses()
    {
        var mask = Mask;
        var weights = Of(Data.Normal(8, B));
        Pinned<float> grad = Zeros(), stats = Room<float>(PpoClipStats.Length);
        yield return KernelCall.Of(
            nameof(IKernels.PpoClipLoss),
            new PpoClipLossArgs
            {
                Logprobs = Normal(1), OldLogprobs = Normal(2), Advantages = Normal(3), Mask = mask, Normalizer = N, RowWeights = weights,
                Options = new PpoClipOptions { DualClip = 3f }, GradLogprobs = grad, Stats = stats,
            },
            static (IKernels kernels, in PpoClipLossArgs args) => kernels.PpoClipLoss(args),
            grad,
            stats);

        Pinned<float> gradValues = Zeros(), valueStats = Room<float>(ValueClipStats.Length);
        yield return KernelCall.Of(
            nameof(IKernels.ValueClipLoss),
            new ValueClipLossArgs
            {
                Values = Normal(1), OldValues = Normal(2), Returns = Normal(3), Mask = mask, ClipRange = 0.2f, Normalizer = N,
                RowWeights = weights, GradValues = gradValues, Stats = valueStats,
            },
            static (IKernels kernels, in ValueClipLossArgs args) => kernels.ValueClipLoss(args),
            gradValues,
            valueStats);

        Pinned<float> kl = Zeros(), gradKl = Zeros();
        yield return KernelCall.Of(
            nameof(IKernels.KlEstimate),
            new KlEstimateArgs
            {
                Logprobs = Normal(1), RefLogprobs = Normal(2), Mask = mask, Estimator = KlEstimator.K3, Clamp = 10f, Kl = kl, GradLogprobs = gradKl,
            },
            static (IKernels kernels, in KlEstimateArgs args) => kernels.KlEstimate(args),
            kl,
            gradKl);

        var parameters = Normal(1);
        Pinned<float> moment1 = Zeros(), moment2 = Zeros(), ema = Normal(2);
        yield return KernelCall.Of(
            nameof(IKernels.AdamW),
            new AdamWArgs
            {
                Parameters = parameters, Gradients = Normal(3), Moment1 = moment1, Moment2 = moment2, Ema = ema, GradScale = Of([0.5f]),
                Step = 1, LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.95f, Epsilon = 1e-5f, WeightDecay = 0.1f, EmaDecay = 0.992f,
            },
            static (IKernels kernels, in AdamWArgs args) => kernels.AdamW(args),
            parameters,
            moment1,
            moment2,
            ema);

        Pinned<float> stepped = Normal(1), squares = Zeros();
        yield return KernelCall.Of(
            nameof(IKernels.RmsProp),
            new RmsPropArgs
            {
                Parameters = stepped, Gradients = Normal(3), MeanSquares = squares, GradScale = Of([0.5f]), LearningRate = 7e-4f, Decay = 0.99f,
                Epsilon = 1e-5f,
            },
            static (IKernels kernels, in RmsPropArgs args) => kernels.RmsProp(args),
            stepped,
            squares);

        var norm = Room<float>(2);
        yield return KernelCall.Of(
            nameof(IKernels.GlobalNorm),
            new GlobalNormArgs { Gradients = Normal(3), MaxNorm = 1f, Result = norm },
            static (IKernels kernels, in GlobalNormArgs args) => kernels.GlobalNorm(args),
            norm);
    }

    private static IEnumerable<KernelCall> Sequences()
    {
        var mask = Mask;
        Pinned<float> rewards = Zeros(), kl = Zeros(), scores = Room<float>(B);
        yield return KernelCall.Of(
            nameof(IKernels.KlShapedRewards),
            new KlShapedRewardsArgs
            {
                Logprobs = Normal(1), RefLogprobs = Normal(2), Lengths = Of(Data.Integers(3, B, T + 1)), Scores = Of(Data.Normal(4, B)),
                HasEos = Of(Data.Mask(5, B)), MissingEosPenalty = 1f, KlCoef = 0.05f, Estimator = KlEstimator.K3,
                Placement = ScorePlacement.AfterLastToken, Rewards = rewards, Kl = kl, FinalScores = scores,
            },
            static (IKernels kernels, in KlShapedRewardsArgs args) => kernels.KlShapedRewards(args),
            rewards,
            kl,
            scores);

        foreach (TimeAxis axis in Enum.GetValues<TimeAxis>())
        {
            Pinned<float> advantages = Zeros(), returns = Zeros();
            yield return KernelCall.Of(
                nameof(IKernels.Gae),
                new GaeArgs
                {
                    Rewards = Normal(1), Values = Normal(2), Time = axis, MaskMode = GaeMaskMode.Skip, Mask = mask,
                    Dones = Of(Data.Mask(6, N, 0.05), B, T), Truncations = Of(Data.Mask(7, N, 0.5), B, T), TruncationValues = Normal(8),
                    LastValues = Of(Data.Normal(9, axis == TimeAxis.Cols ? B : T)), Gamma = 0.99f, Lambda = 0.95f,
                    Advantages = advantages, Returns = returns,
                },
                static (IKernels kernels, in GaeArgs args) => kernels.Gae(args),
                advantages,
                returns);
        }

        var moments = Room<float>(MaskedMeanArgs.StatsLength);
        yield return KernelCall.Of(
            nameof(IKernels.MaskedMean),
            new MaskedMeanArgs { Values = Normal(1), Mask = mask, Unbiased = true, Stats = moments },
            static (IKernels kernels, in MaskedMeanArgs args) => kernels.MaskedMean(args),
            moments);

        var whitened = Zeros();
        yield return KernelCall.Of(
            nameof(IKernels.Whiten),
            new WhitenArgs { Values = Normal(1), Mask = mask, Unbiased = true, ShiftMean = true, Whitened = whitened },
            static (IKernels kernels, in WhitenArgs args) => kernels.Whiten(args),
            whitened);
    }

    private static IEnumerable<KernelCall> Preferences()
    {
        Pinned<float> gradChosen = Room<float>(N), gradRejected = Room<float>(N), stats = Stats();
        yield return KernelCall.Of(
            nameof(IKernels.PairwiseLoss),
            new PairwiseLossArgs
            {
                Chosen = Of(Data.Normal(1, N)), Rejected = Of(Data.Normal(2, N)), Margins = Of(Data.Normal(3, N)),
                Labels = Of([.. Data.Integers(4, N, 3).Select(i => i / 2f)]), Noise = 0.1f, Centering = 0.01f, Normalizer = N,
                GradChosen = gradChosen, GradRejected = gradRejected, Stats = stats,
            },
            static (IKernels kernels, in PairwiseLossArgs args) => kernels.PairwiseLoss(args),
            gradChosen,
            gradRejected,
            stats);

        const int Groups = 2000, K = 5;
        Pinned<float> gradRewards = Room<float>(Groups * K), rankingStats = Stats();
        yield return KernelCall.Of(
            nameof(IKernels.RankingLoss),
            new RankingLossArgs
            {
                Rewards = Of(Data.Normal(1, Groups * K)), Ranks = Of(Data.Integers(2, Groups * K, 4)),
                GroupOffsets = Of([.. Enumerable.Range(0, Groups + 1).Select(g => g * K)]), Normalizer = Groups,
                GradRewards = gradRewards, Stats = rankingStats,
            },
            static (IKernels kernels, in RankingLossArgs args) => kernels.RankingLoss(args),
            gradRewards,
            rankingStats);

        Pinned<float> grad1 = Zeros(), grad2 = Zeros(), probabilities = Room<float>(B), segmentStats = Stats();
        yield return KernelCall.Of(
            nameof(IKernels.SegmentPreference),
            new SegmentPreferenceArgs
            {
                Rewards1 = Normal(1), Rewards2 = Normal(2), Labels = Of(Data.Mask(3, B).Select(m => (float)m).ToArray()), Discount = 0.99f,
                Noise = 0.1f, Normalizer = B, Probabilities = probabilities, GradRewards1 = grad1, GradRewards2 = grad2, Stats = segmentStats,
            },
            static (IKernels kernels, in SegmentPreferenceArgs args) => kernels.SegmentPreference(args),
            grad1,
            grad2,
            probabilities,
            segmentStats);
    }

    private static IEnumerable<KernelCall> Control()
    {
        const int States = 9001, Actions = 7;
        Pinned<float> means = Of(Data.Normal(1, States * Actions), States, Actions), actions = Of(Data.Normal(2, States * Actions), States, Actions);
        var logStds = Of(Data.Normal(3, Actions, 0.3), 1, Actions);
        Pinned<float> logprobs = Room<float>(States), entropy = Room<float>(States);
        yield return KernelCall.Of(
            nameof(IKernels.GaussianLogprobForward),
            new GaussianLogprobForwardArgs { Means = means, LogStds = logStds, Actions = actions, Logprobs = logprobs, Entropy = entropy },
            static (IKernels kernels, in GaussianLogprobForwardArgs args) => kernels.GaussianLogprobForward(args),
            logprobs,
            entropy);

        Pinned<float> gradMeans = Room<float>(States, Actions), gradLogStds = Room<float>(1, Actions);
        yield return KernelCall.Of(
            nameof(IKernels.GaussianLogprobBackward),
            new GaussianLogprobBackwardArgs
            {
                Means = means, LogStds = logStds, Actions = actions, GradLogprobs = Of(Data.Normal(4, States)),
                GradEntropy = Of(Data.Normal(5, States)), GradMeans = gradMeans, GradLogStds = gradLogStds,
            },
            static (IKernels kernels, in GaussianLogprobBackwardArgs args) => kernels.GaussianLogprobBackward(args),
            gradMeans,
            gradLogStds);

        Pinned<float> kl = Room<float>(States), klMeans = Room<float>(States, Actions), klLogStds = Room<float>(1, Actions);
        yield return KernelCall.Of(
            nameof(IKernels.GaussianKl),
            new GaussianKlArgs
            {
                Means = means, LogStds = logStds, OldMeans = actions, OldLogStds = Of(Data.Normal(6, States * Actions, 0.3), States, Actions),
                GradKl = Of(Data.Normal(4, States)), Kl = kl, GradMeans = klMeans, GradLogStds = klLogStds,
            },
            static (IKernels kernels, in GaussianKlArgs args) => kernels.GaussianKl(args),
            kl,
            klMeans,
            klLogStds);

        Pinned<float> drawn = Room<float>(States, Actions), drawnLogprobs = Room<float>(States), drawnEntropy = Room<float>(States);
        yield return KernelCall.Of(
            nameof(IKernels.Gaussian),
            new GaussianArgs
            {
                Means = means, LogStds = logStds, Seed = 1, Sequences = Of([.. Enumerable.Range(0, States).Select(i => (long)i)]),
                Steps = Of(new int[States]), Actions = drawn, Logprobs = drawnLogprobs, Entropy = drawnEntropy,
            },
            static (IKernels kernels, in GaussianArgs args) => kernels.Gaussian(args),
            drawn,
            drawnLogprobs,
            drawnEntropy);
    }

    private static IEnumerable<KernelCall> Logits()
    {
        var logits = Of(Data.Normal(1, Rows * V, 3), Rows, V);
        var targets = Of(Data.Integers(2, Rows, V));
        var mask = Of(Data.Mask(3, Rows));
        Pinned<float> logprobs = Room<float>(Rows), entropy = Room<float>(Rows);
        yield return KernelCall.Of(
            nameof(IKernels.TokenLogprobsForward),
            new TokenLogprobsForwardArgs<float> { Logits = logits, Targets = targets, Mask = mask, Logprobs = logprobs, Entropy = entropy },
            static (IKernels kernels, in TokenLogprobsForwardArgs<float> args) => kernels.TokenLogprobsForward(args),
            logprobs,
            entropy);

        var gradLogits = Room<float>(Rows, V);
        yield return KernelCall.Of(
            nameof(IKernels.TokenLogprobsBackward),
            new TokenLogprobsBackwardArgs<float>
            {
                Logits = logits, Targets = targets, Mask = mask, GradLogprobs = Of(Data.Normal(4, Rows)), GradEntropy = Of(Data.Normal(5, Rows)),
                GradLogits = gradLogits,
            },
            static (IKernels kernels, in TokenLogprobsBackwardArgs<float> args) => kernels.TokenLogprobsBackward(args),
            gradLogits);

        Pinned<float> ppoLogprobs = Room<float>(Rows), ppoGrad = Room<float>(Rows, V), stats = Room<float>(PpoClipStats.Length);
        yield return KernelCall.Of(
            nameof(IKernels.PpoFromLogits),
            new PpoFromLogitsArgs<float>
            {
                Logits = logits, Targets = targets, OldLogprobs = Of(Data.Normal(6, Rows, 0.1, -8)), Advantages = Of(Data.Normal(7, Rows)),
                Mask = mask, Normalizer = Rows, Logprobs = ppoLogprobs, GradLogits = ppoGrad, Stats = stats,
            },
            static (IKernels kernels, in PpoFromLogitsArgs<float> args) => kernels.PpoFromLogits(args),
            ppoLogprobs,
            ppoGrad,
            stats);

        Pinned<float> drawn = Room<float>(Rows), drawnEntropy = Room<float>(Rows);
        yield return KernelCall.Of(
            nameof(IKernels.Categorical),
            new CategoricalArgs<float>
            {
                Logits = logits, TopK = 50, TopP = 0.9f, Seed = 1, Sequences = Of([.. Enumerable.Range(0, Rows).Select(i => (long)i)]),
                Positions = Of(new int[Rows]), Tokens = Room<int>(Rows), Logprobs = drawn, Entropy = drawnEntropy,
            },
            static (IKernels kernels, in CategoricalArgs<float> args) => kernels.Categorical(args),
            drawn,
            drawnEntropy);
    }

    private static IEnumerable<KernelCall> Heads()
    {
        var head = new LinearHead<float>
        {
            Hidden = Of(Data.Normal(1, Rows * H), Rows, H), Weight = Of(Data.Normal(2, V * H, 0.1), V, H), Bias = Of(Data.Normal(3, V)),
            Targets = Of(Data.Integers(4, Rows, V)), Mask = Of(Data.Mask(5, Rows)),
        };
        var workspace = Room<byte>(1, 1 << 20);
        Pinned<float> logprobs = Room<float>(Rows), entropy = Room<float>(Rows);
        yield return KernelCall.Of(
            nameof(IKernels.LinearLogprobsForward),
            new LinearLogprobsForwardArgs<float> { Head = head, Logprobs = logprobs, Entropy = entropy, Workspace = workspace },
            static (IKernels kernels, in LinearLogprobsForwardArgs<float> args) => kernels.LinearLogprobsForward(args),
            logprobs,
            entropy);

        Pinned<float> gradHidden = Room<float>(Rows, H), gradWeight = Room<float>(V, H), gradBias = Room<float>(V);
        var gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight, Bias = gradBias };
        yield return KernelCall.Of(
            nameof(IKernels.LinearLogprobsBackward),
            new LinearLogprobsBackwardArgs<float>
            {
                Head = head, GradLogprobs = Of(Data.Normal(6, Rows)), GradEntropy = Of(Data.Normal(7, Rows)), Logprobs = logprobs,
                Entropy = entropy, Gradients = gradients, Workspace = workspace,
            },
            static (IKernels kernels, in LinearLogprobsBackwardArgs<float> args) => kernels.LinearLogprobsBackward(args),
            gradHidden,
            gradWeight,
            gradBias);

        var stats = Room<float>(PpoClipStats.Length);
        yield return KernelCall.Of(
            nameof(IKernels.LinearPpo),
            new LinearPpoArgs<float>
            {
                Head = head, OldLogprobs = Of(Data.Normal(8, Rows, 0.1, -8)), Advantages = Of(Data.Normal(9, Rows)), Normalizer = Rows,
                Logprobs = logprobs, Entropy = entropy, Gradients = gradients, Stats = stats, Workspace = workspace,
            },
            static (IKernels kernels, in LinearPpoArgs<float> args) => kernels.LinearPpo(args),
            gradHidden,
            gradWeight,
            gradBias,
            stats);
    }

    private static Pinned<float> Normal(int seed) => Of(Data.Normal(seed, N), B, T);

    private static Pinned<float> Zeros() => Room<float>(B, T);

    private static Pinned<float> Stats() => Room<float>(PreferenceStats.Length);

    private static Pinned<T> Of<T>(T[] values)
        where T : unmanaged => Of(values, values.Length, 1);

    private static Pinned<T> Of<T>(T[] values, int rows, int cols)
        where T : unmanaged => Kept(Pinned.Of(values, rows, cols));

    private static Pinned<T> Room<T>(int rows, int cols = 1)
        where T : unmanaged => Kept(Pinned.Zeros<T>(rows, cols));

    private static Pinned<T> Kept<T>(Pinned<T> pinned)
        where T : unmanaged
    {
        Memory.Add(pinned);
        return pinned;
    }
}
