namespace Rlhf.Fixtures.Families;

/// <summary>Family ppo: TRL's computation after the rollout, verl's losses, the adaptive KL controller.</summary>
internal static class PpoFamily
{
    public static void Run(CaseContext context)
    {
        if (context.Tensors.HasInput("rollout_scores"))
            TrlPpoCase.Run(context);
        else if (context.Tensors.HasInput("old_logps"))
            VerlLossesCase.Run(context);
        else if (context.Tensors.HasInput("current_kl"))
            KlControllerCase.Run(context);
        else
            throw new FixtureException("expected an input tensor 'rollout_scores', 'old_logps' or 'current_kl'");
    }
}
