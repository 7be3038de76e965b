using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>flash-attn #714 and PR #1500, sglang #20389: 32-bit row offsets. Rows here lie 2^31 elements apart.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug07WideOffsetsTests(IKernels kernels)
{
    private const int Rows = 3, V = 77;
    private const long Stride = 1L << 31;

    [Test]
    public void Bug07_OffsetsBeyond32Bits_AreAddressed([Values("forward", "backward", "ppo")] string call)
    {
        Check<float>(kernels, call);
        Check<BFloat16>(kernels, call);
    }

    internal static void Check<T>(IKernels kernels, string call)
        where T : unmanaged
    {
        using SparseMemory memory = SparseMemory.For<T>(Rows, V, Stride), gradMemory = SparseMemory.For<T>(Rows, V, Stride);
        View<T> x = memory.View<T>(Rows, V, Stride), grad = gradMemory.View<T>(Rows, V, Stride);
        T[] logits = Stored.Of<T>(Data.Normal(1, Rows * V));
        float[] upstream = [1f, 2f, -3f];
        for (int i = 0; i < logits.Length; i++)
        {
            x[i / V, i % V] = logits[i];
        }

        using var targets = Pinned.Of<int>([5, 6, 7]);
        using Pinned<float> lp = Pinned.Zeros<float>(Rows), g = Pinned.Of(upstream), old = Pinned.Zeros<float>(Rows), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        double[][] exact = [.. Enumerable.Range(0, Rows).Select(row => logits.AsSpan(row * V, V).ToArray().Select(value => (double)Stored.Widen(value)).ToArray())];
        double[] logprobs = [.. exact.Select((row, i) => Oracle.Forward(row, i + 5, default).Logprob)];
        logprobs.Select(value => (float)value).ToArray().CopyTo(old.Span);
        switch (call)
        {
            case "forward":
                kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T> { Logits = x, Targets = targets, Logprobs = lp });
                Assert.That(Data.Doubles(lp.Span), Is.EqualTo(logprobs).Within(1e-5));
                return;
            case "backward":
                kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
                break;
            default:
                // At ratio 1 the loss's slope is −advantage.
                upstream = [.. upstream.Select(value => -value)];
                kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
                {
                    Logits = x, Targets = targets, OldLogprobs = old, Advantages = g, Normalizer = 1, Logprobs = lp, GradLogits = grad, Stats = stats,
                });
                break;
        }

        for (int row = 0; row < Rows; row++)
        {
            double[] expected = Oracle.Backward(exact[row], row + 5, default, upstream[row], 0);
            Assert.That(Stored.Row<T>(grad, row), Is.EqualTo(expected).Within(1e-5 + (3 * Stored.Ulp<T>())), $"row {row}");
        }
    }

    /// <summary>Offsets in 32 bits, unsigned: the third row is taken for the first.</summary>
    internal sealed unsafe class Twin : DelegatingKernels
    {
        public override void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        {
            for (int row = 0; row < args.Logits.Rows; row++)
            {
                Correct.TokenLogprobsForward(args.Rows(row, 1) with { Logits = Row(args.Logits, row) });
            }
        }

        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        {
            for (int row = 0; row < args.Logits.Rows; row++)
            {
                Correct.TokenLogprobsBackward(args.Rows(row, 1) with { Logits = Row(args.Logits, row), GradLogits = Row(args.GradLogits, row) });
            }
        }

        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        {
            for (int row = 0; row < args.Logits.Rows; row++)
            {
                Correct.PpoFromLogits(args.Rows(row, 1) with { Logits = Row(args.Logits, row), GradLogits = Row(args.GradLogits, row) });
            }
        }

        private static ReadOnlyView<T> Row<T>(ReadOnlyView<T> view, int row)
            where T : unmanaged => new(view.Pointer + unchecked((uint)row * (uint)view.RowStride), 1, view.Cols);

        private static View<T> Row<T>(View<T> view, int row)
            where T : unmanaged => new(view.Pointer + unchecked((uint)row * (uint)view.RowStride), 1, view.Cols);
    }
}
