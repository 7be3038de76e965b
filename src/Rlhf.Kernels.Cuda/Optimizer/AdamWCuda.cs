using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>Launches <see cref="AdamWArgs"/>.</summary>
internal static class AdamWCuda
{
    public static void Run(CudaLauncher cuda, in AdamWArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Parameters.Rows, args.Parameters.Cols);
        plan.Add(args.Parameters);
        plan.Add(args.Gradients);
        plan.Add(args.Moment1);
        plan.Add(args.Moment2);
        plan.Add(args.Ema);
        ElementGrid elements = plan.Grid(ElementPlan.Chunk);
        if (elements.Count == 0)
        {
            return;
        }

        // Both forms are step · m / (scale · sqrt(v) + ε); the corrections are taken in double.
        double correction1 = 1 - Math.Pow(args.Beta1, args.Step), correction2 = Math.Sqrt(1 - Math.Pow(args.Beta2, args.Step));
        bool paper = args.EpsilonForm == AdamEpsilonForm.Paper;
        AdamWParams parameters = new()
        {
            Parameters = DeviceView.Of(args.Parameters),
            Gradients = DeviceView.Of(args.Gradients),
            Moment1 = DeviceView.Of(args.Moment1),
            Moment2 = DeviceView.Of(args.Moment2),
            Ema = DeviceView.Of(args.Ema),
            GradScale = DeviceView.Of(args.GradScale).Data,
            Elements = elements,
            Beta1 = args.Beta1,
            New1 = (float)(1 - (double)args.Beta1),
            Beta2 = args.Beta2,
            New2 = (float)(1 - (double)args.Beta2),
            Decay = (float)(1 - ((double)args.LearningRate * args.WeightDecay)),
            StepSize = (float)(args.LearningRate / correction1 * (paper ? 1 : correction2)),
            RootScale = paper ? (float)(1 / correction2) : 1f,
            Epsilon = args.Epsilon,
            EmaDecay = args.EmaDecay,
            EmaNew = (float)(1 - (double)args.EmaDecay),
        };
        cuda.Launch(cuda.Function("optimizer/adamw", "rlhf_adamw_f32"), elements.Blocks, parameters);
    }
}
