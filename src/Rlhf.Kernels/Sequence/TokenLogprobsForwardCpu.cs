using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="TokenLogprobsForwardArgs{T}"/>.</summary>
internal static unsafe class TokenLogprobsForwardCpu
{
    public static void Run<T>(SimdRunner runner, in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        Storage.Require<T>();
        args.Validate();
        var body = new Body<T> { Args = args, Scale = new LogitScale(args.Transform) };
        runner.Run(ref body, args.Logits.Rows, RowGrain.Of(args.Logits.Cols));
    }

    private struct Body<T> : IRangeBody
        where T : unmanaged
    {
        public TokenLogprobsForwardArgs<T> Args;
        public LogitScale Scale;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* scratch = stackalloc float[SoftmaxRow<T>.Block];
            for (int row = begin; row < end; row++)
            {
                double logprob = 0, entropy = 0, logSum = 0;
                float max = 0;
                if (Args.Mask.IsEmpty || Args.Mask[row] != 0)
                {
                    var softmax = new SoftmaxRow<T>(Args.Logits.Row(row), Args.Logits.Cols, Scale, scratch);
                    softmax.Measure<TV>(entropy: !Args.Entropy.IsEmpty);
                    logprob = softmax.Select<TV>(Args.Targets[row]);
                    entropy = Args.Entropy.IsEmpty ? 0 : softmax.Entropy;
                    (max, logSum) = (softmax.Max, softmax.LogSum);
                }

                Args.Logprobs[row] = (float)logprob;
                if (!Args.Entropy.IsEmpty)
                {
                    Args.Entropy[row] = (float)entropy;
                }

                if (!Args.RowMax.IsEmpty)
                {
                    Args.RowMax[row] = max;
                    Args.RowLogSum[row] = (float)logSum;
                }
            }
        }
    }
}
