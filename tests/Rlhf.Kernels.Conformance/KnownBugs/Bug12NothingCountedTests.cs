using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger #177, torchtune #2341, OpenRLHF PR #583: a division by the number of counted tokens, which is 0.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug12NothingCountedTests(IKernels kernels)
{
    [Test]
    public void Bug12_EmptyAndFullyMaskedBatches_AreZero([Values(0, 1, 5)] int n, [Values] bool oneValid) => Check(kernels, n, oneValid);

    internal static void Check(IKernels kernels, int n, bool oneValid)
    {
        const int V = 20;
        byte[] bytes = new byte[n];
        if (oneValid && n > 0)
        {
            bytes[n - 1] = 1;
        }

        using var x = Pinned.Of(Data.Normal(1, n * V), n, V);
        using var targets = Pinned.Of(new int[n]);
        using var mask = Pinned.Of(bytes);
        using Pinned<float> a = Pinned.Of(Data.Normal(2, n)), old = Pinned.Zeros<float>(n), lp = Pinned.Zeros<float>(n);
        using Pinned<float> grad = Pinned.Zeros<float>(n, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = old, Advantages = a, Mask = mask, Normalizer = 1, Logprobs = lp, GradLogits = grad, Stats = stats,
        });
        var actual = PpoClipStats.Read(stats);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Count, Is.EqualTo(oneValid && n > 0 ? 1 : 0));
            Assert.That(stats.ToArray().All(float.IsFinite));
            Assert.That(grad.ToArray().All(float.IsFinite));
            Assert.That(grad.ToArray().Take(Math.Max(0, n - 1) * V), Is.All.Zero);
        });
    }

    /// <summary>A mean over the counted tokens of the call.</summary>
    internal sealed class Twin : DelegatingKernels
    {
        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        {
            Correct.PpoFromLogits(args);
            float mean = args.Normalizer / args.Stats[1];
            args.Stats[0] *= mean;
            for (int row = 0; row < args.GradLogits.Rows; row++)
            {
                for (int col = 0; col < args.GradLogits.Cols; col++)
                {
                    args.GradLogits[row, col] = Stored.Narrow<T>(Stored.Widen(args.GradLogits[row, col]) * mean);
                }
            }
        }
    }
}
