using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger #512 and #827, axolotl PR #1601, ml-cross-entropy #14: the weight's gradient summed over chunks in bf16.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug06WeightGradientTests(IKernels kernels)
{
    [Test]
    public void Bug06_ManyChunks_AccumulateTheWeightGradientAsOneDoes() => Check(kernels);

    internal static void Check(IKernels kernels)
    {
        const int N = 256, H = 16, V = 97;
        using var head = new LinearCase<BFloat16>(N, H, V, false, false, x => Data.BFloat16s(x), x => (float)x, LinearCase<BFloat16>.WorkspaceOf(4, H, V));
        using var whole = new LinearCase<BFloat16>(N, H, V, false, false, x => Data.BFloat16s(x), x => (float)x);
        double[] upstream = Data.Doubles(Data.Normal(7, N));
        var (_, expected, _) = head.Reference.Backward(head.Picks, null, LinearCase<BFloat16>.Transform, upstream, new double[N]);
        float[] chunked = Run(head), one = Run(whole);
        double size = Rms(expected);

        // A device may hand the logits' gradient to the matrix product in its storage type: one rounding of each, whatever the chunk.
        double rounding = kernels is CpuKernels or DelegatingKernels ? 0 : 1.0 / 256;
        Assert.Multiple(() =>
        {
            Assert.That(Rms(chunked.Zip(expected, (a, b) => a - b)), Is.LessThan((2e-6 + rounding) * size));
            Assert.That(Rms(chunked.Zip(one, (a, b) => (double)a - b)), Is.LessThan(1e-6 * size));
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
    }

    private static double Rms(IEnumerable<double> values) => Math.Sqrt(values.Average(value => value * value));

    /// <summary>As many rows at a time as the workspace has room for; after each chunk the running sum is rounded to bf16.</summary>
    internal sealed class Twin : DelegatingKernels
    {
        public override void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        {
            View<float> sum = args.Gradients.Weight;
            int chunk = 1;
            while (LinearCase<T>.WorkspaceOf(chunk + 1, args.Head.Hidden.Cols, args.Head.Weight.Rows) <= args.Workspace.Count && chunk < args.Head.Hidden.Rows)
            {
                chunk++;
            }

            for (int begin = 0; begin < args.Head.Hidden.Rows; begin += chunk)
            {
                var part = args.Rows(begin, Math.Min(chunk, args.Head.Hidden.Rows - begin));
                Correct.LinearLogprobsBackward(part with { Gradients = part.Gradients with { Accumulate = begin > 0 || args.Gradients.Accumulate } });
                for (int row = 0; row < sum.Rows; row++)
                {
                    for (int col = 0; col < sum.Cols; col++)
                    {
                        sum[row, col] = (float)(BFloat16)sum[row, col];
                    }
                }
            }
        }
    }
}
