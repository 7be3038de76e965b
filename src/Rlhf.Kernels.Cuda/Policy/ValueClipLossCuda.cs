using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>Launches <see cref="ValueClipLossArgs"/>.</summary>
internal static class ValueClipLossCuda
{
    public static void Run(CudaLauncher cuda, in ValueClipLossArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Values.Rows, args.Values.Cols);
        plan.Add(args.Values);
        plan.Add(args.OldValues);
        plan.Add(args.Returns);
        plan.Add(args.Mask);
        plan.Add(args.GradValues);
        if (!args.RowWeights.IsEmpty)
        {
            plan.KeepRows();
        }

        ElementGrid elements = plan.Grid(ElementPlan.StatsChunk);
        ValueClipLossParams parameters = new()
        {
            Values = DeviceView.Of(args.Values),
            OldValues = DeviceView.Of(args.OldValues),
            Returns = DeviceView.Of(args.Returns),
            Mask = DeviceView.Of(args.Mask),
            RowWeights = DeviceView.Of(args.RowWeights),
            GradValues = DeviceView.Of(args.GradValues),
            Stats = DeviceView.Of(args.Stats),
            Partials = cuda.Partials(ValueClipStats.Length, elements.Blocks),
            Elements = elements,
            ClipRange = args.ClipRange,
            Normalizer = args.Normalizer,
        };
        cuda.Launch(cuda.Function("policy/value_clip_loss", "rlhf_value_clip_loss_f32"), elements.Blocks, parameters);
    }
}
