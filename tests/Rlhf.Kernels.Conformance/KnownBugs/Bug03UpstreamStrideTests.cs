using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>verl PR #6960: strided and broadcast upstream gradients read as if they lay one after the other.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug03UpstreamStrideTests(IKernels kernels)
{
    [Test]
    public void Bug03_UpstreamGradients_MayHaveAnyStride([Values(0, 1, 3)] int stride, [Values] bool entropy) => Check(kernels, stride, entropy);

    internal static void Check(IKernels kernels, int stride, bool entropy)
    {
        const int N = 12, V = 70;
        float[] memory = Data.Normal(2, 2 + (N * 3)), ones = [.. Enumerable.Repeat(1f, N)];
        float[] dense = [.. Enumerable.Range(0, N).Select(i => memory[2 + (i * stride)])];
        using var x = Pinned.Of(Data.Normal(1, N * V), N, V);
        using var targets = Pinned.Of(Data.Integers(3, N, V));
        using Pinned<float> strided = Pinned.Of(memory), contiguous = Pinned.Of(dense), one = Pinned.Of(ones);
        using Pinned<float> expected = Pinned.Zeros<float>(N, V), actual = Pinned.Zeros<float>(N, V);
        ReadOnlyView<float> view;
        unsafe
        {
            view = ReadOnlyView<float>.Vector(strided.View.Pointer + 2, N, stride);
        }

        // One of the two is strided at a time: each is told apart by itself.
        Backward(contiguous, expected);
        Backward(view, actual);
        Assert.That(actual.Bytes(), Is.EqualTo(expected.Bytes()));

        void Backward(ReadOnlyView<float> upstream, View<float> grad) => kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = x, Targets = targets, GradLogprobs = entropy ? one : upstream, GradEntropy = entropy ? upstream : default, GradLogits = grad,
        });
    }

    /// <summary>Forgets the stride of the log-probs' gradient, or of the entropies'.</summary>
    internal sealed unsafe class Twin(bool entropy) : DelegatingKernels
    {
        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args) => Correct.TokenLogprobsBackward(
            entropy
                ? args with { GradEntropy = Contiguous(args.GradEntropy) }
                : args with { GradLogprobs = Contiguous(args.GradLogprobs) });

        private static ReadOnlyView<float> Contiguous(ReadOnlyView<float> view) => ReadOnlyView<float>.Vector(view.Pointer, view.Rows);
    }
}
