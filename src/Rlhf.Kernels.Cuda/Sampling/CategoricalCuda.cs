using Rlhf.Kernels.Cuda.Sequence;
using Rlhf.Kernels.Sampling;

namespace Rlhf.Kernels.Cuda.Sampling;

/// <summary>Launches <see cref="CategoricalArgs{T}"/>.</summary>
internal static class CategoricalCuda
{
    public static void Run<T>(CudaLauncher cuda, in CategoricalArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        int rows = args.Logits.Rows, vocab = args.Logits.Cols;
        CudaFunction function = cuda.Function("sampling/categorical", RowShape.IsShort(vocab) ? Entry<T>.Warp : Entry<T>.Block);
        ScaleFactors scale = new(args.Transform);
        CategoricalParams parameters = new()
        {
            Logits = DeviceView.Of(args.Logits),
            Sequences = DeviceView.Of(args.Sequences),
            Positions = DeviceView.Of(args.Positions),
            Tokens = DeviceView.Of(args.Tokens),
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = DeviceView.Of(args.Entropy),
            Seed = args.Seed,
            Rows = rows,
            Vocab = vocab,
            Greedy = args.Greedy ? 1 : 0,
            TopK = args.TopK,
            TruncatedLogprobs = args.TruncatedLogprobs ? 1 : 0,
            TopP = args.TopP,
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
        public static readonly string Block = "rlhf_categorical_" + Dtype.Suffix<T>();
        public static readonly string Warp = "rlhf_categorical_warp_" + Dtype.Suffix<T>();
    }
}
