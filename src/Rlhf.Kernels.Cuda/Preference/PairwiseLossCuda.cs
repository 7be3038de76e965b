using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>Launches <see cref="PairwiseLossArgs"/>.</summary>
internal static class PairwiseLossCuda
{
    public static void Run(CudaLauncher cuda, in PairwiseLossArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Chosen.Rows, 1);
        plan.Add(args.Chosen);
        plan.Add(args.Rejected);
        plan.Add(args.Margins);
        plan.Add(args.Labels);
        plan.Add(args.GradChosen);
        plan.Add(args.GradRejected);
        ElementGrid elements = plan.Grid(ElementPlan.StatsChunk);
        PairwiseLossParams parameters = new()
        {
            Chosen = DeviceView.Of(args.Chosen),
            Rejected = DeviceView.Of(args.Rejected),
            Margins = DeviceView.Of(args.Margins),
            Labels = DeviceView.Of(args.Labels),
            GradChosen = DeviceView.Of(args.GradChosen),
            GradRejected = DeviceView.Of(args.GradRejected),
            Stats = DeviceView.Of(args.Stats),
            Partials = cuda.Partials(PreferenceStats.Length, elements.Blocks),
            LossFactor = 1.0 / args.Normalizer,
            Elements = elements,
            Noise = args.Noise,
            Centering = args.Centering,
            Weight = 1f / args.Normalizer,
        };
        cuda.Launch(cuda.Function("preference/pairwise_loss", "rlhf_pairwise_loss_f32"), elements.Blocks, parameters);
    }
}
