using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="LinearLogprobsForwardArgs{T}"/> and <see cref="LinearLogprobsBackwardArgs{T}"/>.</summary>
/// <remarks>
/// The logit gradients between row kernel and products are of the head's storage type. In f16, upstream gradients must be of a size
/// whose product with small probabilities is not below f16's range: scale the loss, as f16 training does.
/// </remarks>
internal static class LinearLogprobsCuda
{
    public static void Run<T>(CudaLauncher cuda, in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        if (LinearLogprobsMma.Serves(cuda, args.Head))
        {
            LinearLogprobsMma.Run(cuda, args);
            return;
        }

        Rows<T> rows = new() { Head = args.Head, Logprobs = args.Logprobs, Entropy = args.Entropy };
        new HeadChunks<T>(cuda, args.Head, default, args.Workspace, gradScale: 1f).Run(rows);
    }

    public static void Run<T>(CudaLauncher cuda, in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        Rows<T> rows = new()
        {
            Head = args.Head,
            GradLogprobs = args.GradLogprobs,
            GradEntropy = args.GradEntropy,
            Logprobs = args.Logprobs,
            Entropy = args.Entropy,
        };
        new HeadChunks<T>(cuda, args.Head, args.Gradients, args.Workspace, gradScale: 1f).Run(rows);
    }

    private readonly struct Rows<T> : IHeadLaunch<T>
        where T : unmanaged
    {
        public required LinearHead<T> Head { get; init; }

        public ReadOnlyView<float> GradLogprobs { get; init; }

        public ReadOnlyView<float> GradEntropy { get; init; }

        public required View<float> Logprobs { get; init; }

        public required View<float> Entropy { get; init; }

        public void Launch(CudaLauncher cuda, DeviceView logits, DeviceView grads, int begin, int count)
        {
            ScaleFactors scale = new(Head.Transform);
            LinearRowsParams parameters = new()
            {
                Logits = logits,
                Grads = grads,
                Bias = DeviceView.Of(Head.Bias),
                Targets = DeviceView.Of(Head.Targets.SliceRows(begin, count)),
                Mask = DeviceView.Of(Head.Mask.Part(begin, count)),
                GradLogprobs = DeviceView.Of(GradLogprobs.Part(begin, count)),
                GradEntropy = DeviceView.Of(GradEntropy.Part(begin, count)),
                Logprobs = DeviceView.Of(Logprobs.Part(begin, count)),
                Entropy = DeviceView.Of(Entropy.Part(begin, count)),
                Error = cuda.ErrorWord,
                FirstRow = begin,
                Rows = count,
                Vocab = Head.Weight.Rows,
                GradScale = 1f,
                Inner = scale.Inner,
                Cap = scale.Cap,
                InverseCap = scale.InverseCap,
                SlopeLog2 = scale.SlopeLog2,
                Slope = scale.Slope,
                Chain = scale.Chain,
            };
            string entry = Dtype.Suffix<T>() switch
            {
                "f32" => "rlhf_linear_rows_f32",
                "bf16" => "rlhf_linear_rows_bf16",
                _ => "rlhf_linear_rows_f16",
            };
            cuda.Launch(cuda.Function("sequence/linear_rows", entry), count, parameters);
        }
    }
}
