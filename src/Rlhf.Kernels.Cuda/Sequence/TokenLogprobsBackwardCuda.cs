using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="TokenLogprobsBackwardArgs{T}"/>.</summary>
internal static class TokenLogprobsBackwardCuda
{
    public static void Run<T>(CudaLauncher cuda, in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        int rows = args.Logits.Rows, vocab = args.Logits.Cols;
        CudaFunction function = cuda.Function("sequence/token_logprobs_backward", RowShape.IsShort(vocab) ? Entry<T>.Warp : Entry<T>.Block);

        // With saved statistics every row is read once anyway.
        bool saved = !args.RowMax.IsEmpty && (args.GradEntropy.IsEmpty || !args.Entropy.IsEmpty);
        int sharedBytes = saved ? 0 : RowShape.SharedBytes<T>(cuda, function, vocab);
        ScaleFactors scale = new(args.Transform);
        TokenLogprobsBackwardParams parameters = new()
        {
            Logits = DeviceView.Of(args.Logits),
            Targets = DeviceView.Of(args.Targets),
            Mask = DeviceView.Of(args.Mask),
            GradLogprobs = DeviceView.Of(args.GradLogprobs),
            GradEntropy = DeviceView.Of(args.GradEntropy),
            RowMax = DeviceView.Of(args.RowMax),
            RowLogSum = DeviceView.Of(args.RowLogSum),
            Entropy = DeviceView.Of(args.Entropy),
            GradLogits = DeviceView.Of(args.GradLogits),
            Error = cuda.ErrorWord,
            Rows = rows,
            Vocab = vocab,
            RowInShared = sharedBytes > 0 ? 1 : 0,
            Inner = scale.Inner,
            Cap = scale.Cap,
            InverseCap = scale.InverseCap,
            SlopeLog2 = scale.SlopeLog2,
            Slope = scale.Slope,
            Chain = scale.Chain,
        };
        cuda.Launch(function, RowShape.Blocks(function, rows, vocab), parameters, sharedBytes);
    }

    private static class Entry<T>
        where T : unmanaged
    {
        public static readonly string Block = "rlhf_token_logprobs_backward_" + Dtype.Suffix<T>();
        public static readonly string Warp = "rlhf_token_logprobs_backward_warp_" + Dtype.Suffix<T>();
    }
}
