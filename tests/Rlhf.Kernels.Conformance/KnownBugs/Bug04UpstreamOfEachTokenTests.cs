using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger #968, PR #1298: every token's gradient multiplied by the first token's upstream gradient.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug04UpstreamOfEachTokenTests(IKernels kernels)
{
    [Test]
    public void Bug04_EachToken_HasItsOwnUpstreamGradient([Values] bool firstIsZero) => Check(kernels, firstIsZero);

    internal static void Check(IKernels kernels, bool firstIsZero)
    {
        const int N = 8, V = 50;
        float[] upstream = [firstIsZero ? 0f : 1f, 1f, -2f, 0f, 0.5f, 3f, 0f, -1f], logits = Data.Normal(1, N * V);
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

    /// <summary>Takes the first upstream gradient for all.</summary>
    internal sealed unsafe class Twin : DelegatingKernels
    {
        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args) => Correct.TokenLogprobsBackward(
            args with { GradLogprobs = ReadOnlyView<float>.Vector(args.GradLogprobs.Pointer, args.GradLogprobs.Rows, stride: 0) });
    }
}
