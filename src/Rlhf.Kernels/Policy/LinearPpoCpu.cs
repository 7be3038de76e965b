using Rlhf.Kernels.Blas;
using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="LinearPpoArgs{T}"/>.</summary>
internal static unsafe class LinearPpoCpu
{
    public static void Run<T>(SimdRunner runner, Gemm gemm, in LinearPpoArgs<T> args)
        where T : unmanaged
    {
        Storage.Require<T>();
        args.Validate();
        LogprobRows.ClearMasked(args.Head.Mask, args.Logprobs, args.Entropy);
        PpoClipStats* partials = stackalloc PpoClipStats[ElementGrid.MaxBlocks];
        var rows = new PpoRows<float>
        {
            Scale = new LogitScale(args.Head.Transform),
            Targets = args.Head.Targets,
            OldLogprobs = args.OldLogprobs,
            Advantages = args.Advantages,
            Weights = args.Weights,
            Options = args.Options,
            EntropyCoef = args.EntropyCoef,
            Normalizer = args.Normalizer,
            Logprobs = args.Logprobs,
            Entropy = args.Entropy,
            Grid = ElementGrid.Create(args.Head.Hidden.Rows, 1, dense: false),
            Partials = partials,
        };
        new HeadPass<T>(runner, gemm, args.Head, args.Gradients, args.Workspace).Run(ref rows);
        rows.Total().Write(args.Stats);
    }
}
