using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.LinearPpo;

namespace Rlhf.Kernels.Conformance.Policy;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class LinearPpoTests(IKernels kernels)
{
    private const int H = 24, V = 211;

    [Test]
    public void LossStatisticsAndGradients_MatchReference([Values(1, 100)] int n, [Values] bool masked, [Values] bool withOld, [Values(0f, 0.05f)] float entropyCoef)
    {
        Check<float>(x => x, x => x);
        Check(x => Data.BFloat16s(x), x => (float)x);

        void Check<T>(Func<float[], T[]> store, Func<T, double> widen)
            where T : unmanaged
        {
            using var head = new LinearCase<T>(n, H, V, masked, true, store, widen, LinearCase<T>.WorkspaceOf(32, H, V));
            var (logprobs, _) = head.Reference.Forward(head.Picks, head.Counted, LinearCase<T>.Transform);
            float[] old = [.. logprobs.Zip(Data.Normal(7, n, 0.3), (a, b) => (float)(a + b))], advantages = Data.Normal(3, n), weights = Data.Normal(6, n, 0.1, 1);
            using Pinned<float> oldLogprobs = Pinned.Of(old), a = Pinned.Of(advantages), w = Pinned.Of(weights), lp = Pinned.Zeros<float>(n), entropy = Pinned.Zeros<float>(n);
            using Pinned<float> gradHidden = Pinned.Zeros<float>(n, H), gradWeight = Pinned.Zeros<float>(V, H), gradBias = Pinned.Zeros<float>(V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
            kernels.LinearPpo(new LinearPpoArgs<T>
            {
                Head = head.Head, OldLogprobs = withOld ? oldLogprobs : default(ReadOnlyView<float>), Advantages = a, Weights = w, EntropyCoef = entropyCoef,
                Normalizer = n, Logprobs = lp, Entropy = entropy, Workspace = head.Workspace, Stats = stats,
                Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight, Bias = gradBias },
            });
            var (expected, hidden, weight, bias) = Oracle.Compute(
                head.Reference, head.Picks, withOld ? Data.Doubles(old) : null, Data.Doubles(advantages), head.Counted, Data.Doubles(weights),
                LinearCase<T>.Transform, default, entropyCoef, n);
            PpoClipStats actual = PpoClipStats.Read(stats);
            Assert.Multiple(() =>
            {
                Assert.That(Data.Doubles(lp.Span), Is.EqualTo(logprobs).Within(1e-5));
                Assert.That(actual.Loss, Is.EqualTo(expected.Loss).Within(2e-5));
                Assert.That(actual.Count, Is.EqualTo(expected.Count));
                Assert.That(actual.Clipped, Is.EqualTo(expected.Clipped));
                Assert.That(actual.Entropy, Is.EqualTo(expected.Entropy).Within(1e-2).Percent);
                Assert.That(Data.Doubles(gradHidden.Span), Is.EqualTo(hidden).Within((3e-5 / n * 4) + LinearCase<T>.Rounding(kernels, hidden)));
                Assert.That(Data.Doubles(gradWeight.Span), Is.EqualTo(weight).Within(3e-5 + LinearCase<T>.Rounding(kernels, weight)));
                Assert.That(Data.Doubles(gradBias.Span), Is.EqualTo(bias).Within(3e-5 + LinearCase<T>.Rounding(kernels, bias)));
            });
        }
    }

    [Test]
    public void OldLogprobsLeftOut_GiveARatioOfExactlyOne()
    {
        using var head = new LinearCase<float>(60, H, V, true, false, x => x, x => x, LinearCase<float>.WorkspaceOf(16, H, V));
        using Pinned<float> a = Pinned.Of(Data.Normal(3, 60)), lp = Pinned.Zeros<float>(60), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.LinearPpo(new LinearPpoArgs<float> { Head = head.Head, Advantages = a, Normalizer = 60, Logprobs = lp, Stats = stats, Workspace = head.Workspace, Gradients = default });
        PpoClipStats actual = PpoClipStats.Read(stats);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Count, Is.EqualTo(head.MaskBytes.Count(m => m != 0)));
            Assert.That(actual.RatioMax, Is.EqualTo(1));
            Assert.That(actual.RatioSum, Is.EqualTo(actual.Count));
            Assert.That(actual.ApproxKl, Is.Zero);
        });
    }

    [Test]
    public void ManagedGemm_GivesTheSameBits_ForAnyThreadsAndChunks()
    {
        const int N = 150;
        byte[]? first = null;
        foreach (int threads in new[] { 1, 2 })
        {
            using var managed = new CpuKernels(threads, CpuWidth.Of(kernels), useBlas: false);
            foreach (int rows in new[] { 1, 16, 48, N })
            {
                using var head = new LinearCase<float>(N, H, V, true, true, x => x, x => x, LinearCase<float>.WorkspaceOf(rows, H, V));
                using Pinned<float> old = Pinned.Of(Data.Normal(7, N, mean: -5)), a = Pinned.Of(Data.Normal(3, N)), lp = Pinned.Zeros<float>(N), stats = Pinned.Zeros<float>(PpoClipStats.Length);
                using Pinned<float> gradHidden = Pinned.Zeros<float>(N, H), gradWeight = Pinned.Zeros<float>(V, H);
                managed.LinearPpo(new LinearPpoArgs<float>
                {
                    Head = head.Head, OldLogprobs = old, Advantages = a, EntropyCoef = 0.01f, Normalizer = N, Logprobs = lp, Stats = stats, Workspace = head.Workspace,
                    Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = gradWeight },
                });
                byte[] bytes = [.. lp.Bytes(), .. stats.Bytes(), .. gradHidden.Bytes(), .. gradWeight.Bytes()];
                Assert.That(bytes, Is.EqualTo(first ??= bytes), $"{threads} threads, {rows} rows a chunk");
            }
        }
    }
}
