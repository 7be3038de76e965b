using Rlhf.Kernels.Blas;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU bodies of <see cref="LinearLogprobsForwardArgs{T}"/> and <see cref="LinearLogprobsBackwardArgs{T}"/>.</summary>
internal static class LinearLogprobsCpu
{
    public static void Run<T>(SimdRunner runner, Gemm gemm, in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        Storage.Require<T>();
        args.Validate();
        LogprobRows.ClearMasked(args.Head.Mask, args.Logprobs, args.Entropy);
        var rows = new LogprobRows
        {
            Scale = new LogitScale(args.Head.Transform),
            Targets = args.Head.Targets,
            Logprobs = args.Logprobs,
            Entropy = args.Entropy,
        };
        new HeadPass<T>(runner, gemm, args.Head, default, args.Workspace).Run(ref rows);
    }

    public static void Run<T>(SimdRunner runner, Gemm gemm, in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged
    {
        Storage.Require<T>();
        args.Validate();
        LogprobRows.ClearMasked(args.Head.Mask, args.Logprobs, args.Entropy);
        var rows = new LogprobRows
        {
            Scale = new LogitScale(args.Head.Transform),
            Targets = args.Head.Targets,
            Logprobs = args.Logprobs,
            Entropy = args.Entropy,
            WithGradient = true,
            GradLogprobs = args.GradLogprobs,
            GradEntropy = args.GradEntropy,
        };
        new HeadPass<T>(runner, gemm, args.Head, args.Gradients, args.Workspace).Run(ref rows);
    }
}
