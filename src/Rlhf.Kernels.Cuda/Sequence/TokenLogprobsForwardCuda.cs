using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="TokenLogprobsForwardArgs{T}"/>.</summary>
internal static class TokenLogprobsForwardCuda
{
    public static void Run<T>(CudaLauncher cuda, in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        int rows = args.Logits.Rows, vocab = args.Logits.Cols;
        CudaFunction function = cuda.Function("sequence/token_logprobs_forward", RowShape.IsShort(vocab) ? Entry<T>.Warp : Entry<T>.Block);
        ScaleFactors scale = new(args.Transform);
        TokenLogprobsForwardParams parameters = new()
        {
            Logits = DeviceView.Of(args.Logits),
            Targets = DeviceView.Of(args.Targets),
            Mask = DeviceView.Of(args.Mask),
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = DeviceView.Of(args.Entropy),
            RowMax = DeviceView.Of(args.RowMax),
            RowLogSum = DeviceView.Of(args.RowLogSum),
            Error = cuda.ErrorWord,
            Rows = rows,
            Vocab = vocab,
            Inner = scale.Inner,
            Cap = scale.Cap,
            InverseCap = scale.InverseCap,
            SlopeLog2 = scale.SlopeLog2,
            Slope = scale.Slope,
            Chain = scale.Chain,
        };
        cuda.Launch(function, RowShape.Blocks(function, rows, vocab), parameters);
    }

    private static class Entry<T>
        where T : unmanaged
    {
        public static readonly string Block = "rlhf_token_logprobs_forward_" + Dtype.Suffix<T>();
        public static readonly string Warp = "rlhf_token_logprobs_forward_warp_" + Dtype.Suffix<T>();
    }
}
