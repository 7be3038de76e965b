using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>Launches <see cref="RmsPropArgs"/>.</summary>
internal static class RmsPropCuda
{
    public static void Run(CudaLauncher cuda, in RmsPropArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Parameters.Rows, args.Parameters.Cols);
        plan.Add(args.Parameters);
        plan.Add(args.Gradients);
        plan.Add(args.MeanSquares);
        ElementGrid elements = plan.Grid(ElementPlan.Chunk);
        if (elements.Count == 0)
        {
            return;
        }

        bool inside = args.EpsilonForm == RmsPropEpsilonForm.InsideRoot;
        RmsPropParams parameters = new()
        {
            Parameters = DeviceView.Of(args.Parameters),
            Gradients = DeviceView.Of(args.Gradients),
            MeanSquares = DeviceView.Of(args.MeanSquares),
            GradScale = DeviceView.Of(args.GradScale).Data,
            Elements = elements,
            LearningRate = args.LearningRate,
            Decay = args.Decay,
            NewShare = (float)(1 - (double)args.Decay),
            Inside = inside ? args.Epsilon : 0f,
            Outside = inside ? 0f : args.Epsilon,
        };
        cuda.Launch(cuda.Function("optimizer/rms_prop", "rlhf_rms_prop_f32"), elements.Blocks, parameters);
    }
}
