using Rlhf.Training.Ppo;

namespace Rlhf.Fixtures.Families;

/// <summary>The adaptive KL coefficient after each of a row of updates.</summary>
internal static class KlControllerCase
{
    public static void Run(CaseContext context)
    {
        double initial = context.Arguments.Number("init_kl_coef"), target = context.Arguments.Number("target");
        double horizon = context.Arguments.Number("horizon");
        context.Arguments.Remarks("how");
        context.Arguments.RejectUnread();

        double[] kl = context.Tensors.Doubles("current_kl");
        long[] episodes = context.Tensors.Integers("n_steps");
        if (kl.Length != episodes.Length)
            throw new FixtureException($"tensor 'n_steps' has {episodes.Length} elements, expected {kl.Length}");
        var controller = new KlController(initial, target, horizon);
        double[] coefficients = new double[kl.Length];
        for (int i = 0; i < kl.Length; i++)
        {
            controller.Update(kl[i], episodes[i]);
            coefficients[i] = controller.Coefficient;
        }

        context.Check("kl_coef", coefficients, context.Tolerances.For("kl_coef"));
    }
}
