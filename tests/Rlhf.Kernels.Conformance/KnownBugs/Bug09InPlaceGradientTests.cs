using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger #272, #343 and PR #1251, unsloth #5002: gradients written over logits that others still use.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug09InPlaceGradientTests(IKernels kernels)
{
    [Test]
    public void Bug09_Inputs_AreUnchanged_UnlessTheGradientIsPutThere([Values(0f, 5f)] float cap, [Values] bool ppo)
    {
        Check<float>(kernels, cap, ppo);
        Check<BFloat16>(kernels, cap, ppo);
    }

    internal static void Check<T>(IKernels kernels, float cap, bool ppo)
        where T : unmanaged
    {
        const int N = 40, V = 333;
        var transform = new LogitTransform { SoftCap = cap };
        using Pinned<T> x = Pinned.Of(Stored.Of<T>(Data.Normal(1, N * V, 3)), N, V), first = Pinned.Zeros<T>(N, V), second = Pinned.Zeros<T>(N, V);
        using var targets = Pinned.Of(Data.Integers(2, N, V));
        using Pinned<float> g = Pinned.Of(Data.Normal(3, N)), gh = Pinned.Of(Data.Normal(4, N)), old = Pinned.Of(Data.Normal(5, N, 1, mean: -8));
        using Pinned<float> lp = Pinned.Zeros<float>(N), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        byte[] before = x.Bytes();
        Backward(first);
        Backward(second);
        Assert.That(x.Bytes(), Is.EqualTo(before));
        Assert.That(second.Bytes(), Is.EqualTo(first.Bytes()), "a second backward");
        Backward(x);
        Assert.That(x.Bytes(), Is.EqualTo(first.Bytes()), "in place");

        void Backward(View<T> grad)
        {
            if (ppo)
            {
                kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
                {
                    Logits = x, Targets = targets, Transform = transform, OldLogprobs = old, Advantages = g, EntropyCoef = 0.1f, Normalizer = 1,
                    Logprobs = lp, GradLogits = grad, Stats = stats,
                });
                return;
            }

            kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
            {
                Logits = x, Targets = targets, Transform = transform, GradLogprobs = g, GradEntropy = gh, GradLogits = grad,
            });
        }
    }

    /// <summary>Puts the gradient where the logits are as well.</summary>
    internal sealed unsafe class Twin : DelegatingKernels
    {
        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        {
            Correct.TokenLogprobsBackward(args);
            Overwrite(args.Logits, args.GradLogits);
        }

        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        {
            Correct.PpoFromLogits(args);
            Overwrite(args.Logits, args.GradLogits);
        }

        private static void Overwrite<T>(ReadOnlyView<T> logits, View<T> grad)
            where T : unmanaged
        {
            for (int row = 0; row < grad.Rows; row++)
            {
                new Span<T>(grad.Row(row), grad.Cols).CopyTo(new Span<T>(logits.Row(row), logits.Cols));
            }
        }
    }
}
