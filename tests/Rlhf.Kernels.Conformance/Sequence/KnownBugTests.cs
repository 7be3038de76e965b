using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.Sequence;

/// <summary>
/// Bugs that other projects shipped, each as a test. Where a few lines can, a twin with the bug shows that the test's data would have
/// told it apart. (Overflow of ratio and k3, and empty batches of the element kernels, stand with those kernels.)
/// </summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class KnownBugTests(IKernels kernels)
{
    [Test]
    public void Bug01_PaddedVocabularyColumns_AreNotCounted(
        [Values(1, 2, 31, 33, 500, 507, 50257)] int vocab, [Values("all_negative", "peaked", "normal")] string kind)
    {
        // verl #2656, #2899: padded columns counted as logits of 0.
        SmallOnly.SkipEmulated(kernels, vocab);
        int pitch = (vocab + 1023) / 1024 * 1024;
        float[] row = LogitRows.Make(kind, 1, vocab), padded = new float[2 * pitch];
        row.CopyTo(padded, 0);
        row.CopyTo(padded, pitch);
        using var x = new Pinned<float>(padded, 2, vocab, pitch);
        using var targets = Pinned.Of<int>([vocab / 3, vocab - 1]);
        using var lp = Pinned.Zeros<float>(2);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        double expected = Oracle.Forward(Data.Doubles(row), vocab / 3, default).Logprob;
        double twin = Oracle.Forward(Data.Doubles(padded.AsSpan(0, pitch)), vocab / 3, default).Logprob;
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[0], Is.EqualTo(expected).Within(1e-6 * (1 + Math.Abs(expected))));
            Assert.That(lp.Span[1], Is.LessThanOrEqualTo(0f));
            Assert.That(Math.Abs(twin - expected), Is.GreaterThan(1e-5 * (1 + Math.Abs(expected))), "the twin that counts padding");
        });
    }

    [Test]
    public void Bug02_ACommonOffset_ChangesNoBit([Values(1e2f, -1e2f, 1e4f, -1e4f)] float offset, [Values(33, 4099)] int vocab)
    {
        // verl PR #7439: a running maximum that starts at 0. Multiples of 1/64 take these offsets exactly.
        float[] row = [.. Data.Normal(1, vocab, 3).Select(value => MathF.Round(value * 64) / 64)];
        using var x = Pinned.Of([.. row, .. row.Select(value => value + offset)], 2, vocab);
        using var targets = Pinned.Of<int>([5, 5]);
        using Pinned<float> lp = Pinned.Zeros<float>(2), entropy = Pinned.Zeros<float>(2), g = Pinned.Of([1f, 1f]), grad = Pinned.Zeros<float>(2, vocab);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp, Entropy = entropy });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        double twin = row.Sum(value => Math.Exp((float)(value - 200.0 - Math.Max(0, value - 200.0))));
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[1], Is.EqualTo(lp.Span[0]));
            Assert.That(entropy.Span[1], Is.EqualTo(entropy.Span[0]));
            Assert.That(grad.Span.Slice(vocab, vocab).ToArray(), Is.EqualTo(grad.Span[..vocab].ToArray()));
            Assert.That((float)twin, Is.LessThan(1e-38f), "the twin's sum at −200: its logarithm is −∞");
        });
    }

    [Test]
    public void Bug03_UpstreamGradients_MayHaveAnyStride([Values(0, 1, 3)] int stride, [Values] bool entropy)
    {
        // verl PR #6960: strided upstream gradients read as contiguous.
        const int N = 12, V = 70;
        float[] memory = Data.Normal(2, 2 + (N * 3));
        float[] dense = [.. Enumerable.Range(0, N).Select(i => memory[2 + (i * stride)])];
        using var x = Pinned.Of(Data.Normal(1, N * V), N, V);
        using var targets = Pinned.Of(Data.Integers(3, N, V));
        using Pinned<float> strided = Pinned.Of(memory), contiguous = Pinned.Of(dense), expected = Pinned.Zeros<float>(N, V), actual = Pinned.Zeros<float>(N, V);
        ReadOnlyView<float> view;
        unsafe
        {
            view = ReadOnlyView<float>.Vector(strided.View.Pointer + 2, N, stride);
        }

        Backward(contiguous, expected);
        Backward(view, actual);
        Assert.That(actual.Bytes(), Is.EqualTo(expected.Bytes()));

        void Backward(ReadOnlyView<float> upstream, View<float> grad) => kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = x, Targets = targets, GradLogprobs = upstream, GradEntropy = entropy ? upstream : default, GradLogits = grad,
        });
    }

    [Test]
    public void Bug04_EachToken_HasItsOwnUpstreamGradient()
    {
        // Liger #968: every row multiplied by the first row's gradient.
        const int N = 8, V = 50;
        float[] upstream = [0f, 1f, -2f, 0f, 0.5f, 3f, 0f, -1f], logits = Data.Normal(1, N * V);
        int[] picks = Data.Integers(3, N, V);
        using var x = Pinned.Of(logits, N, V);
        using var targets = Pinned.Of(picks);
        using Pinned<float> g = Pinned.Of(upstream), grad = Pinned.Zeros<float>(N, V);
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        for (int row = 0; row < N; row++)
        {
            double[] expected = Oracle.Backward(Data.Doubles(logits.AsSpan(row * V, V)), picks[row], default, upstream[row], 0);
            Assert.That(Data.Doubles(grad.Span.Slice(row * V, V)), Is.EqualTo(expected).Within(1e-6), $"row {row}");
        }
    }

    [Test]
    public void Bug05_TheSelectedEntry_KeepsItsRelativePrecision([Values(0.9, 0.99, 0.999, 1 - 1e-6)] double probability, [Values(2, 100, 5000)] int vocab)
    {
        // Liger PR #1329: 1 − p formed in bf16. The selected token stands in the same register as others.
        var logits = new BFloat16[vocab];
        int target = vocab / 2;
        logits[target] = (BFloat16)(float)Math.Log(probability / (1 - probability) * (vocab - 1));
        double[] exact = [.. logits.Select(value => (double)(float)value)];
        double expected = Oracle.Backward(exact, target, default, 1, 0)[target];
        using var targets = Pinned.Of<int>([target]);
        using Pinned<float> one = Pinned.Of([1f]), wideGrad = Pinned.Zeros<float>(1, vocab), lp = Pinned.Zeros<float>(1);
        using Pinned<float> wide = Pinned.Of([.. logits.Select(value => (float)value)], 1, vocab);
        using Pinned<BFloat16> narrow = Pinned.Of(logits, 1, vocab), narrowGrad = Pinned.Zeros<BFloat16>(1, vocab);
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<BFloat16> { Logits = narrow, Targets = targets, GradLogprobs = one, GradLogits = narrowGrad });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = wide, Targets = targets, GradLogprobs = one, GradLogits = wideGrad });
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = wide, Targets = targets, Logprobs = lp });

        // The small terms' exponents, up to 32 in base 2, carry an f32 rounding: 32 · 2^−24 of each term.
        const double Relative = 4e-6;
        float twin = (float)(BFloat16)(1f - (float)(BFloat16)(float)(1 - expected));
        Assert.Multiple(() =>
        {
            Assert.That((float)narrowGrad.Span[target], Is.EqualTo(expected).Within(expected / 256));
            Assert.That(wideGrad.Span[target], Is.EqualTo(expected).Within(expected * Relative));
            Assert.That(lp.Span[0], Is.EqualTo(Math.Log(1 - expected)).Within(Relative * -Math.Log(1 - expected)));
            Assert.That(Math.Abs(twin - expected) / expected, Is.GreaterThan(probability > 0.95 ? 0.05 : 0), "the twin in bf16");
        });
    }

    [Test]
    public void Bug06_ManyChunks_AccumulateTheWeightGradientAsOneDoes()
    {
        // Liger #512, axolotl #1601, ml-cross-entropy #14: dW summed over chunks in bf16.
        const int N = 256, H = 16, V = 97;
        using var head = new LinearCase<BFloat16>(N, H, V, false, false, x => Data.BFloat16s(x), x => (float)x, LinearCase<BFloat16>.WorkspaceOf(4, H, V));
        using var whole = new LinearCase<BFloat16>(N, H, V, false, false, x => Data.BFloat16s(x), x => (float)x);
        double[] upstream = Data.Doubles(Data.Normal(7, N));
        var (_, expected, _) = head.Reference.Backward(head.Picks, null, LinearCase<BFloat16>.Transform, upstream, new double[N]);
        float[] chunked = Run(head), one = Run(whole);
        double size = Rms(expected), twin = Rms(BFloat16Sum().Zip(expected, (a, b) => a - b));
        Assert.Multiple(() =>
        {
            Assert.That(Rms(chunked.Zip(expected, (a, b) => a - b)), Is.LessThan(2e-6 * size));
            Assert.That(Rms(chunked.Zip(one, (a, b) => (double)a - b)), Is.LessThan(1e-6 * size));
            Assert.That(twin, Is.GreaterThan(1e-3 * size), "the twin that sums in bf16");
        });

        float[] Run(LinearCase<BFloat16> c)
        {
            using Pinned<float> g = Pinned.Of(Data.Normal(7, N)), lp = Pinned.Zeros<float>(N), gradWeight = Pinned.Zeros<float>(V, H);
            kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<BFloat16>
            {
                Head = c.Head, GradLogprobs = g, Logprobs = lp, Workspace = c.Workspace, Gradients = new LinearHeadGradients { Weight = gradWeight },
            });
            return gradWeight.ToArray();
        }

        double[] BFloat16Sum()
        {
            double[] sum = new double[V * H];
            for (int begin = 0; begin < N; begin += 4)
            {
                double[] part = [.. upstream.Select((value, i) => i >= begin && i < begin + 4 ? value : 0)];
                var (_, grad, _) = head.Reference.Backward(head.Picks, null, LinearCase<BFloat16>.Transform, part, new double[N]);
                sum = [.. sum.Zip(grad, (a, b) => (double)(float)(BFloat16)(float)(a + b))];
            }

            return sum;
        }
    }

    [Test]
    public void Bug08_TokenCounts_MayExceedSixteenBits([Values(65535, 65536, 70000)] int n)
    {
        // Liger PR #1294, vllm PR #52381: token counts on a grid axis of 65,535.
        SmallOnly.SkipEmulated(kernels, n);
        const int V = 3;
        float[] logits = Data.Normal(1, n * V);
        int[] picks = Data.Integers(2, n, V);
        using var x = Pinned.Of(logits, n, V);
        using var targets = Pinned.Of(picks);
        using Pinned<float> lp = Pinned.Zeros<float>(n), g = Pinned.Of(Enumerable.Repeat(1f, n).ToArray()), grad = Pinned.Zeros<float>(n, V), ppo = Pinned.Zeros<float>(n, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = lp, Advantages = g, Normalizer = 1, Logprobs = lp, GradLogits = ppo, Stats = stats,
        });
        Assert.Multiple(() =>
        {
            Assert.That(lp.ToArray(), Is.All.LessThan(0f));
            Assert.That(lp.Span[n - 1], Is.EqualTo(Oracle.Forward(Data.Doubles(logits.AsSpan((n - 1) * V, V)), picks[n - 1], default).Logprob).Within(2e-6));
            Assert.That(grad.ToArray(), Has.None.Zero);
            Assert.That(PpoClipStats.Read(stats).Count, Is.EqualTo(n));
            Assert.That(ppo.ToArray(), Is.EqualTo(grad.ToArray().Select(value => -value)).Within(1e-6), "at ratio 1 and advantage 1");
        });
    }

    [Test]
    public void Bug09_Inputs_AreUnchanged_UnlessTheGradientIsPutThere([Values(0f, 5f)] float cap)
    {
        // Liger #272, #1251, unsloth #5002: gradients written over logits that others still use.
        Check(Data.Normal(1, 40 * 333, 3));
        Check(Data.BFloat16s(Data.Normal(1, 40 * 333, 3)));

        void Check<T>(T[] logits)
            where T : unmanaged
        {
            const int N = 40, V = 333;
            using Pinned<T> x = Pinned.Of(logits, N, V), first = Pinned.Zeros<T>(N, V), second = Pinned.Zeros<T>(N, V);
            using var targets = Pinned.Of(Data.Integers(2, N, V));
            using Pinned<float> g = Pinned.Of(Data.Normal(3, N)), gh = Pinned.Of(Data.Normal(4, N));
            byte[] before = x.Bytes();
            Backward(first);
            Backward(second);
            Assert.That(x.Bytes(), Is.EqualTo(before));
            Assert.That(second.Bytes(), Is.EqualTo(first.Bytes()), "a second backward");
            Backward(x);
            Assert.That(x.Bytes(), Is.EqualTo(first.Bytes()), "in place");

            void Backward(View<T> grad) => kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
            {
                Logits = x, Targets = targets, Transform = new LogitTransform { SoftCap = cap }, GradLogprobs = g, GradEntropy = gh, GradLogits = grad,
            });
        }
    }

    [Test]
    public void Bug10_MaskedLogits_GiveFiniteEntropyAndGradients([Values("masked_third", "one_finite", "half_range")] string kind)
    {
        // TRL #7221, SkyRL PR #2259: 0 · −∞ in the entropy.
        const int V = 100;
        float[] row = kind == "half_range" ? [.. Enumerable.Range(0, V).Select(j => j % 2 == 0 ? 65504f : -65504f)] : LogitRows.Make(kind, 1, V);
        int target = LogitRows.Target(row);
        using var x = Pinned.Of(row, 1, V);
        using var targets = Pinned.Of<int>([target]);
        using Pinned<float> lp = Pinned.Zeros<float>(1), entropy = Pinned.Zeros<float>(1), g = Pinned.Of([1.5f]), grad = Pinned.Zeros<float>(1, V);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp, Entropy = entropy });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradEntropy = g, GradLogits = grad });
        double[] logp = Oracle.LogSoftmax(Data.Doubles(row));
        Assert.Multiple(() =>
        {
            Assert.That(entropy.Span[0], Is.EqualTo(Oracle.Forward(Data.Doubles(row), target, default).Entropy).Within(2e-6 * 5));
            Assert.That(grad.ToArray().All(float.IsFinite));
            if (kind != "half_range")
            {
                Assert.That(logp.Sum(value => Math.Exp(value) * value), Is.NaN, "the twin");
            }
        });
    }

    [Test]
    public void Bug11_AnExtremeRatio_WithAdvantageZero_LeavesGradientsZero([Values(20f, 50f, 88f, 100f, 1e4f)] float distance)
    {
        // OpenRLHF PR #1335: forward clipped, backward 0 · ∞.
        const int V = 60;
        using var x = Pinned.Of(Data.Normal(1, 4 * V), 4, V);
        using var targets = Pinned.Of(Data.Integers(2, 4, V));
        using Pinned<float> old = Pinned.Of([-distance, distance, -distance, distance]), a = Pinned.Of([0f, 0f, 1f, -1f]), lp = Pinned.Zeros<float>(4), grad = Pinned.Zeros<float>(4, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float> { Logits = x, Targets = targets, OldLogprobs = old, Advantages = a, Normalizer = 1, Logprobs = lp, GradLogits = grad, Stats = stats });
        Assert.Multiple(() =>
        {
            Assert.That(grad.Span[..(2 * V)].ToArray(), Is.All.Zero);
            Assert.That(grad.ToArray().All(float.IsFinite));
            Assert.That(stats.ToArray().All(float.IsFinite));
        });
    }

    [Test]
    public void Bug12_EmptyAndFullyMaskedBatches_AreZero([Values(0, 1, 5)] int n, [Values] bool oneValid)
    {
        // Liger #177, torchtune #2341, OpenRLHF PR #583: nothing counted.
        const int V = 20;
        byte[] bytes = new byte[n];
        if (oneValid && n > 0)
        {
            bytes[n - 1] = 1;
        }

        using var x = Pinned.Of(Data.Normal(1, n * V), n, V);
        using var targets = Pinned.Of(new int[n]);
        using var mask = Pinned.Of(bytes);
        using Pinned<float> a = Pinned.Of(Data.Normal(2, n)), lp = Pinned.Zeros<float>(n), grad = Pinned.Zeros<float>(n, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float> { Logits = x, Targets = targets, OldLogprobs = lp, Advantages = a, Mask = mask, Normalizer = 1, Logprobs = lp, GradLogits = grad, Stats = stats });
        var actual = PpoClipStats.Read(stats);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Count, Is.EqualTo(oneValid && n > 0 ? 1 : 0));
            Assert.That(stats.ToArray().All(float.IsFinite));
            Assert.That(grad.ToArray().All(float.IsFinite));
            Assert.That(grad.ToArray().Take(Math.Max(0, n - 1) * V), Is.All.Zero);
        });
    }

    private static double Rms(IEnumerable<double> values) => Math.Sqrt(values.Average(value => value * value));
}
