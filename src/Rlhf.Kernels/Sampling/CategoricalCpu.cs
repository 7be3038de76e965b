using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sampling;

/// <summary>The CPU body of <see cref="CategoricalArgs{T}"/>.</summary>
internal static unsafe class CategoricalCpu
{
    public static void Run<T>(SimdRunner runner, in CategoricalArgs<T> args)
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
        public CategoricalArgs<T> Args;
        public LogitScale Scale;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* scratch = stackalloc float[SoftmaxRow<T>.Block];
            for (int row = begin; row < end; row++)
            {
                var softmax = new SoftmaxRow<T>(Args.Logits.Row(row), Args.Logits.Cols, Scale, scratch);
                softmax.Measure<TV>(entropy: !Args.Entropy.IsEmpty);
                if (double.IsNaN(softmax.Sum))
                {
                    Write(row, 0, double.NaN, double.NaN);
                    continue;
                }

                var choice = new TokenChoice<T>(Args.Logits.Row(row), Args.Logits.Cols, Scale, scratch, softmax.Max);
                if (!Args.Greedy || Args.TruncatedLogprobs)
                {
                    choice.Truncate<TV>(Args.TopK, Args.TopP);
                }

                int token = Args.Greedy
                    ? choice.First<TV>()
                    : choice.Draw<TV>(Philox.UniformDouble(Args.Seed, (ulong)Args.Sequences[row], (ulong)Args.Positions[row]));
                double logprob = softmax.Select<TV>(token);
                Write(row, token, Args.TruncatedLogprobs ? choice.Logprob<TV>(token) : logprob, softmax.Entropy);
            }
        }

        private readonly void Write(int row, int token, double logprob, double entropy)
        {
            Args.Tokens[row] = token;
            Args.Logprobs[row] = (float)logprob;
            if (!Args.Entropy.IsEmpty)
            {
                Args.Entropy[row] = (float)entropy;
            }
        }
    }
}
