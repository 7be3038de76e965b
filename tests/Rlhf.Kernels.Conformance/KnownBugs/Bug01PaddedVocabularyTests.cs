using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>verl #2656, #2899: columns that pad the vocabulary to a multiple of the block counted as logits of 0.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug01PaddedVocabularyTests(IKernels kernels)
{
    [Test]
    public void Bug01_PaddedVocabularyColumns_AreNotCounted(
        [Values(1, 2, 31, 33, 500, 507, 50257)] int vocab, [Values("all_negative", "peaked", "normal")] string kind)
    {
        SmallOnly.SkipEmulated(kernels, vocab);
        Check(kernels, vocab, kind);
    }

    internal static void Check(IKernels kernels, int vocab, string kind)
    {
        int pitch = Padded(vocab);
        float[] row = LogitRows.Make(kind, 1, vocab), padded = new float[2 * pitch];
        row.CopyTo(padded, 0);
        row.CopyTo(padded, pitch);
        using var x = new Pinned<float>(padded, 2, vocab, pitch);
        using var targets = Pinned.Of<int>([vocab / 3, vocab - 1]);
        using var lp = Pinned.Zeros<float>(2);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        double expected = Oracle.Forward(Data.Doubles(row), vocab / 3, default).Logprob;
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[0], Is.EqualTo(expected).Within(1e-6 * (1 + Math.Abs(expected))));
            Assert.That(lp.Span[1], Is.LessThanOrEqualTo(0f));
        });
    }

    private static int Padded(int vocab) => (vocab + 1023) / 1024 * 1024;

    /// <summary>Fills the last block's missing columns with 0 and sums over all of it.</summary>
    internal sealed class Twin : DelegatingKernels
    {
        public override void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        {
            int rows = args.Logits.Rows, blocks = Padded(args.Logits.Cols);
            float[] filled = new float[rows * blocks];
            for (int row = 0; row < rows; row++)
            {
                float[] values = [.. Stored.Row(args.Logits, row).Select(value => (float)value)];
                values.CopyTo(filled, row * blocks);
            }

            using Pinned<T> x = Pinned.Of(Stored.Of<T>(filled), rows, blocks);
            Correct.TokenLogprobsForward(args with { Logits = x });
        }
    }
}
