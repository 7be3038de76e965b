namespace Rlhf.Fixtures.Families;

/// <summary>Family reward: preference losses over pairs, ranked groups and trajectory segments.</summary>
internal static class RewardFamily
{
    public static void Run(CaseContext context)
    {
        if (context.Tensors.HasInput("chosen"))
            PairsCase.Run(context);
        else if (context.Tensors.HasInput("rewards1"))
            SegmentsCase.Run(context);
        else if (context.Tensors.HasInput("rewards"))
            GroupsCase.Run(context);
        else
            throw new FixtureException("expected an input tensor 'chosen', 'rewards' or 'rewards1'");
    }
}
