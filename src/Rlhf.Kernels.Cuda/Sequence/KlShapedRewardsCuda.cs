using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="KlShapedRewardsArgs"/>.</summary>
internal static class KlShapedRewardsCuda
{
    public static void Run(CudaLauncher cuda, in KlShapedRewardsArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Logprobs.Rows, args.Logprobs.Cols);
        plan.Add(args.Logprobs);
        plan.Add(args.RefLogprobs);
        plan.Add(args.Rewards);
        plan.Add(args.Kl);
        plan.KeepRows();
        ElementGrid elements = plan.Grid(ElementPlan.Chunk);
        KlShapedRewardsParams parameters = new()
        {
            Logprobs = DeviceView.Of(args.Logprobs),
            RefLogprobs = DeviceView.Of(args.RefLogprobs),
            Lengths = DeviceView.Of(args.Lengths),
            Scores = DeviceView.Of(args.Scores),
            HasEos = DeviceView.Of(args.HasEos),
            Rewards = DeviceView.Of(args.Rewards),
            Kl = DeviceView.Of(args.Kl),
            FinalScores = DeviceView.Of(args.FinalScores),
            Error = cuda.ErrorWord,
            Elements = elements,
            Estimator = (int)args.Estimator,
            ScoreAfterLast = args.Placement == ScorePlacement.AfterLastToken ? 1 : 0,
            ReplaceMissingEos = args.MissingEos == MissingEosRule.Replace ? 1 : 0,
            MissingEosPenalty = args.MissingEosPenalty,
            KlCoef = args.KlCoef,
        };
        if (elements.Count > 0)
        {
            cuda.Launch(cuda.Function("sequence/kl_shaped_rewards", "rlhf_kl_shaped_rewards_f32"), elements.Blocks, parameters);
        }
    }
}
