using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>Launches <see cref="KlEstimateArgs"/>.</summary>
internal static class KlEstimateCuda
{
    public static void Run(CudaLauncher cuda, in KlEstimateArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Logprobs.Rows, args.Logprobs.Cols);
        plan.Add(args.Logprobs);
        plan.Add(args.RefLogprobs);
        plan.Add(args.Mask);
        plan.Add(args.Kl);
        plan.Add(args.GradLogprobs);
        ElementGrid elements = plan.Grid(ElementPlan.Chunk);
        KlEstimateParams parameters = new()
        {
            Logprobs = DeviceView.Of(args.Logprobs),
            RefLogprobs = DeviceView.Of(args.RefLogprobs),
            Mask = DeviceView.Of(args.Mask),
            Kl = DeviceView.Of(args.Kl),
            GradLogprobs = DeviceView.Of(args.GradLogprobs),
            Elements = elements,
            Estimator = (int)args.Estimator,
            Clamp = args.Clamp,
        };
        if (elements.Count > 0)
        {
            cuda.Launch(cuda.Function("policy/kl_estimate", "rlhf_kl_estimate_f32"), elements.Blocks, parameters);
        }
    }
}
