using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="TokenLogprobsBackwardArgs{T}"/>.</summary>
internal static unsafe class TokenLogprobsBackwardCpu
{
    public static void Run<T>(SimdRunner runner, in TokenLogprobsBackwardArgs<T> args)
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
        public TokenLogprobsBackwardArgs<T> Args;
        public LogitScale Scale;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* scratch = stackalloc float[SoftmaxRow<T>.Block];
            for (int row = begin; row < end; row++)
            {
                if (!Args.Mask.IsEmpty && Args.Mask[row] == 0)
                {
                    new Span<T>(Args.GradLogits.Row(row), Args.Logits.Cols).Clear();
                    continue;
                }

                float gradLogprob = Args.GradLogprobs.IsEmpty ? 0f : Args.GradLogprobs[row];
                float gradEntropy = Args.GradEntropy.IsEmpty ? 0f : Args.GradEntropy[row];
                int target = Args.Targets[row];
                double entropy = 0;
                var softmax = new SoftmaxRow<T>(Args.Logits.Row(row), Args.Logits.Cols, Scale, scratch);
                if (!Args.RowMax.IsEmpty && (gradEntropy == 0f || !Args.Entropy.IsEmpty))
                {
                    softmax.Restore(Args.RowMax[row], Args.RowLogSum[row]);
                    entropy = gradEntropy == 0f ? 0 : Args.Entropy[row];
                }
                else if (gradLogprob != 0f || gradEntropy != 0f)
                {
                    softmax.Measure<TV>(entropy: gradEntropy != 0f);
                    softmax.Select<TV>(target);
                    entropy = gradEntropy == 0f ? 0 : softmax.Entropy;
                }

                softmax.Gradient<TV>(target, gradLogprob, gradEntropy, entropy, Args.GradLogits.Row(row));
            }
        }
    }
}
