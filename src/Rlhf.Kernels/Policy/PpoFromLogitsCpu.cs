using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="PpoFromLogitsArgs{T}"/>.</summary>
internal static unsafe class PpoFromLogitsCpu
{
    public static void Run<T>(SimdRunner runner, in PpoFromLogitsArgs<T> args)
        where T : unmanaged
    {
        Storage.Require<T>();
        args.Validate();
        PpoClipStats* partials = stackalloc PpoClipStats[ElementGrid.MaxBlocks];
        var rows = new PpoRows<T>
        {
            Scale = new LogitScale(args.Transform),
            Targets = args.Targets,
            OldLogprobs = args.OldLogprobs,
            Advantages = args.Advantages,
            Weights = args.Weights,
            Mask = args.Mask,
            Options = args.Options,
            EntropyCoef = args.EntropyCoef,
            Normalizer = args.Normalizer,
            Logprobs = args.Logprobs,
            Entropy = args.Entropy,
            Grid = ElementGrid.Create(args.Logits.Rows, 1, dense: false),
            Partials = partials,
        };
        rows.Visit(runner, args.Logits, args.GradLogits);
        rows.Total().Write(args.Stats);
    }
}
