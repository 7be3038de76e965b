using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.Sequence;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class LinearLogprobsTests(IKernels kernels)
{
    [Test]
    public void Forward_MatchesReference(
        [Values(1, 7, 40)] int n, [Values(1, 13, 64)] int hiddenSize, [Values(2, 130, 507)] int vocab, [Values] bool masked, [Values] bool biased)
    {
        Check<float>(x => x, x => x);
        Check(x => Data.BFloat16s(x), x => (float)x);

        void Check<T>(Func<float[], T[]> store, Func<T, double> widen)
            where T : unmanaged
        {
            using var head = new LinearCase<T>(n, hiddenSize, vocab, masked, biased, store, widen, LinearCase<T>.WorkspaceOf(16, hiddenSize, vocab));
            using Pinned<float> lp = Pinned.Of(Data.Normal(9, n)), entropy = Pinned.Of(Data.Normal(9, n));
            kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<T> { Head = head.Head, Logprobs = lp, Entropy = entropy, Workspace = head.Workspace });
            var (expected, expectedEntropy) = head.Reference.Forward(head.Picks, head.Counted, LinearCase<T>.Transform);
            Assert.Multiple(() =>
            {
                Assert.That(Data.Doubles(lp.Span), Is.EqualTo(expected).Within(1e-5));
                Assert.That(Data.Doubles(entropy.Span), Is.EqualTo(expectedEntropy).Within(1e-5));
            });
        }
    }

    [Test]
    public void Backward_MatchesReference(
        [Values(1, 7, 40)] int n, [Values(13, 64)] int hiddenSize, [Values(2, 507)] int vocab, [Values] bool masked, [Values] bool accumulate)
    {
        Check<float>(x => x, x => x);
        Check(x => Data.BFloat16s(x), x => (float)x);

        void Check<T>(Func<float[], T[]> store, Func<T, double> widen)
            where T : unmanaged
        {
            using var head = new LinearCase<T>(n, hiddenSize, vocab, masked, true, store, widen, LinearCase<T>.WorkspaceOf(16, hiddenSize, vocab));
            float[] upstream = Data.Normal(7, n), upstreamEntropy = Data.Normal(8, n), before = Data.Normal(9, vocab * hiddenSize), beforeBias = Data.Normal(10, vocab);
            upstream[0] = 0;
            using Pinned<float> g = Pinned.Of(upstream), gh = Pinned.Of(upstreamEntropy), lp = Pinned.Zeros<float>(n);
            using Pinned<float> gradHidden = Pinned.Of(Data.Normal(11, n * hiddenSize), n, hiddenSize);
            using Pinned<float> gradWeight = Pinned.Of(before, vocab, hiddenSize), gradBias = Pinned.Of(beforeBias);
            kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<T>
            {
                Head = head.Head, GradLogprobs = g, GradEntropy = gh, Logprobs = lp, Workspace = head.Workspace,
                Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight, Bias = gradBias, Accumulate = accumulate },
            });
            var (hidden, weight, bias) = head.Reference.Backward(head.Picks, head.Counted, LinearCase<T>.Transform, Data.Doubles(upstream), Data.Doubles(upstreamEntropy));
            double was = accumulate ? 1 : 0;
            Assert.Multiple(() =>
            {
                Assert.That(Data.Doubles(gradHidden.Span), Is.EqualTo(hidden).Within(3e-5 + LinearCase<T>.Rounding(kernels, hidden)));
                Assert.That(Data.Doubles(gradWeight.Span), Is.EqualTo(weight.Zip(before, (a, b) => a + (was * b))).Within(3e-5 + LinearCase<T>.Rounding(kernels, weight, upstream, upstreamEntropy)));
                Assert.That(Data.Doubles(gradBias.Span), Is.EqualTo(bias.Zip(beforeBias, (a, b) => a + (was * b))).Within(3e-5 + LinearCase<T>.Rounding(kernels, bias, upstream, upstreamEntropy)));
            });
        }
    }

    [Test]
    public void ManagedGemm_GivesTheSameBits_ForAnyThreadsAndChunks([Values] bool masked)
    {
        const int N = 150, H = 40, V = 307;
        byte[]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var managed = new CpuKernels(threads, CpuWidth.Of(kernels), useBlas: false);
            foreach (int rows in new[] { 1, 16, 48, N })
            {
                using var head = new LinearCase<float>(N, H, V, masked, true, x => x, x => x, LinearCase<float>.WorkspaceOf(rows, H, V));
                using Pinned<float> g = Pinned.Of(Data.Normal(7, N)), lp = Pinned.Zeros<float>(N), entropy = Pinned.Zeros<float>(N);
                using Pinned<float> gradHidden = Pinned.Zeros<float>(N, H), gradWeight = Pinned.Zeros<float>(V, H), gradBias = Pinned.Zeros<float>(V);
                managed.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<float>
                {
                    Head = head.Head, GradLogprobs = g, Logprobs = lp, Entropy = entropy, Workspace = head.Workspace,
                    Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight, Bias = gradBias },
                });
                byte[] bytes = [.. lp.Bytes(), .. entropy.Bytes(), .. gradHidden.Bytes(), .. gradWeight.Bytes(), .. gradBias.Bytes()];
                Assert.That(bytes, Is.EqualTo(first ??= bytes), $"{threads} threads, {rows} rows a chunk");
            }
        }
    }

    [Test]
    public void OpenBlasAndManagedGemm_AgreeWithinTolerance()
    {
        using var head = new LinearCase<float>(90, 64, 1031, true, true, x => x, x => x);
        using var managed = new CpuKernels(2, CpuWidth.Of(kernels), useBlas: false);
        Assert.That(managed.UsesBlas, Is.False);
        using Pinned<float> one = Pinned.Zeros<float>(90), two = Pinned.Zeros<float>(90);
        kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<float> { Head = head.Head, Logprobs = one, Workspace = head.Workspace });
        managed.LinearLogprobsForward(new LinearLogprobsForwardArgs<float> { Head = head.Head, Logprobs = two, Workspace = head.Workspace });
        Assert.That(one.Span.ToArray(), Is.EqualTo(two.Span.ToArray()).Within(1e-5));
    }

    [Test]
    public void AllMasked_GivesZeros()
    {
        using var head = new LinearCase<float>(5, 8, 33, true, true, x => x, x => x);
        head.Mask.Span.Clear();
        using Pinned<float> lp = Pinned.Of(Data.Normal(1, 5)), gradHidden = Pinned.Of(Data.Normal(1, 40), 5, 8), gradWeight = Pinned.Of(Data.Normal(1, 33 * 8), 33, 8), gradBias = Pinned.Of(Data.Normal(1, 33));
        kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<float>
        {
            Head = head.Head, Logprobs = lp, Workspace = head.Workspace,
            Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight, Bias = gradBias },
        });
        Assert.That((float[])[.. lp.ToArray(), .. gradHidden.ToArray(), .. gradWeight.ToArray(), .. gradBias.ToArray()], Is.All.Zero);
    }

    [Test]
    public void Workspace_IsNamed_WhenTooSmall()
    {
        long need = LinearLogprobsWorkspace.Minimum(33, 8, widens: false);
        using var head = new LinearCase<float>(5, 8, 33, false, false, x => x, x => x, need - 1);
        using var exact = new LinearCase<float>(5, 8, 33, false, false, x => x, x => x, need);
        using var lp = Pinned.Zeros<float>(5);
        Assert.That(
            () => kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<float> { Head = head.Head, Logprobs = lp, Workspace = head.Workspace }),
            Throws.ArgumentException.With.Message.EqualTo($"Workspace has {need - 1} bytes, expected at least {need}"));
        kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<float> { Head = exact.Head, Logprobs = lp, Workspace = exact.Workspace });
        Assert.That(lp.ToArray(), Is.All.LessThan(0f));
    }
}
