using Rlhf.Kernels.Cuda.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>Launches <see cref="LinearPpoArgs{T}"/>: the fused head's chunks, then the statistics over all tokens at once.</summary>
internal static class LinearPpoCuda
{
    // Of a block of linear_ppo_stats.cu: 256 threads with four each.
    private const int Tokens = 1024;

    public static void Run<T>(CudaLauncher cuda, in LinearPpoArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        int n = args.Head.Hidden.Rows;
        DeviceView entropy = DeviceView.Of(args.Entropy);
        if (args.Entropy.IsEmpty && args.EntropyCoef != 0f)
        {
            entropy = new DeviceView { Data = cuda.Scratch((long)n * sizeof(float)), Stride = 1 };
        }

        // In f16 a gradient over the normaliser would be below the type's range: the normaliser stays out until the products.
        float gradScale = typeof(T) == typeof(Half) ? MathF.ScaleB(1f, Math.Clamp((int)MathF.Log2(args.Normalizer), -100, 100)) : 1f;
        Rows<T> rows = new() { Args = args, Entropy = entropy, GradScale = gradScale };
        new HeadChunks<T>(cuda, args.Head, args.Gradients, args.Workspace, gradScale).Run(rows);
        Statistics(cuda, args, entropy);
    }

    private static void Statistics<T>(CudaLauncher cuda, in LinearPpoArgs<T> args, DeviceView entropy)
        where T : unmanaged
    {
        int n = args.Head.Hidden.Rows;

        // A batch without tokens still writes its statistics.
        long blocks = Math.Max((n + (long)Tokens - 1) / Tokens, 1);
        LinearPpoStatsParams parameters = new()
        {
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = entropy,
            OldLogprobs = DeviceView.Of(args.OldLogprobs),
            Advantages = DeviceView.Of(args.Advantages),
            Weights = DeviceView.Of(args.Weights),
            Mask = DeviceView.Of(args.Head.Mask),
            Stats = DeviceView.Of(args.Stats),
            Grid = cuda.Partials(PpoClipStats.Length, blocks),
            Rows = n,
            ClipLow = 1f - args.Options.ClipLow,
            ClipHigh = 1f + args.Options.ClipHigh,
            DualClip = args.Options.DualClip,
            LogRatioLimit = args.Options.LogRatioLimit,
            EntropyCoef = args.EntropyCoef,
            Normalizer = args.Normalizer,
        };
        cuda.Launch(cuda.Function("policy/linear_ppo_stats", "rlhf_linear_ppo_stats_f32"), blocks, parameters);
    }

    private readonly struct Rows<T> : IHeadLaunch<T>
        where T : unmanaged
    {
        public required LinearPpoArgs<T> Args { get; init; }

        public required DeviceView Entropy { get; init; }

        public required float GradScale { get; init; }

        public void Launch(CudaLauncher cuda, DeviceView logits, DeviceView grads, int begin, int count)
        {
            ScaleFactors scale = new(Args.Head.Transform);
            LinearPpoRowsParams parameters = new()
            {
                Logits = logits,
                Grads = grads,
                Bias = DeviceView.Of(Args.Head.Bias),
                Targets = DeviceView.Of(Args.Head.Targets.SliceRows(begin, count)),
                Mask = DeviceView.Of(Args.Head.Mask.Part(begin, count)),
                OldLogprobs = DeviceView.Of(Args.OldLogprobs.Part(begin, count)),
                Advantages = DeviceView.Of(Args.Advantages.SliceRows(begin, count)),
                Weights = DeviceView.Of(Args.Weights.Part(begin, count)),
                Logprobs = DeviceView.Of(Args.Logprobs.SliceRows(begin, count)),
                Entropy = Entropy.Data == 0 ? Entropy : Entropy with { Data = Entropy.Data + (nint)(begin * Entropy.Stride * sizeof(float)) },
                Error = cuda.ErrorWord,
                FirstRow = begin,
                Rows = count,
                Vocab = Args.Head.Weight.Rows,
                ClipLow = 1f - Args.Options.ClipLow,
                ClipHigh = 1f + Args.Options.ClipHigh,
                DualClip = Args.Options.DualClip,
                LogRatioLimit = Args.Options.LogRatioLimit,
                EntropyCoef = Args.EntropyCoef,
                Normalizer = Args.Normalizer,
                GradScale = GradScale,
                Inner = scale.Inner,
                Cap = scale.Cap,
                InverseCap = scale.InverseCap,
                SlopeLog2 = scale.SlopeLog2,
                Slope = scale.Slope,
                Chain = scale.Chain,
            };
            string entry = Dtype.Suffix<T>() switch
            {
                "f32" => "rlhf_linear_ppo_rows_f32",
                "bf16" => "rlhf_linear_ppo_rows_bf16",
                _ => "rlhf_linear_ppo_rows_f16",
            };
            cuda.Launch(cuda.Function("policy/linear_ppo_rows", entry), count, parameters);
        }
    }
}
