using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class ControlPolicyTests
{
    [Test]
    public void Load_ActsAsWhatWasSaved([Values("pendulum", "cartpole")] string id)
    {
        using var directory = new TemporaryDirectory();
        using VectorEnvironment environments = Worlds.Vector(id);
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, new PolicyConfig { OutputGain = 1, InitialLogStd = -0.3 }, seed: 8);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 20);
        policy.Normalizer!.Update(rollout.Observations);

        policy.Save(directory.Combine("model"));
        using ControlPolicy loaded = ControlPolicy.Load(Small.Kernels, environments.Spec, directory.Combine("model"));

        Assert.Multiple(() =>
        {
            Assert.That(Act(loaded, rollout), Is.EqualTo(Act(policy, rollout)));
            Assert.That(Worlds.Weights(loaded), Is.EqualTo(Worlds.Weights(policy)));
        });
    }

    [Test]
    public void Load_NamesBothEnvironments_WhereTheyDiffer()
    {
        using var directory = new TemporaryDirectory();
        using VectorEnvironment pendulum = Worlds.Vector("pendulum"), cartpole = Worlds.Vector("cartpole");
        using var policy = new ControlPolicy(Small.Kernels, pendulum.Spec, new PolicyConfig(), seed: 8);
        policy.Save(directory.Path);

        var error = Assert.Throws<DataFormatException>(() => ControlPolicy.Load(Small.Kernels, cartpole.Spec, directory.Path).Dispose());

        Assert.That(error!.Message, Does.EndWith("policy.json: a policy for pendulum with 1 outputs, expected cartpole with 2"));
    }

    [Test]
    public void Load_SaysWhatIsMissing()
    {
        using var directory = new TemporaryDirectory();
        using VectorEnvironment environments = Worlds.Vector("pendulum");

        var error = Assert.Throws<DataFormatException>(() => ControlPolicy.Load(Small.Kernels, environments.Spec, directory.Path).Dispose());

        Assert.That(error!.Message, Does.EndWith("policy.json: missing, expected a policy"));
    }

    [Test]
    public void Act_IsTheMostLikelyChoice()
    {
        using VectorEnvironment environments = Worlds.Vector("cartpole");
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, new PolicyConfig { OutputGain = 1 }, seed: 8);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 20);
        ReadOnlyView<float> logits = policy.Network.Forward(rollout.Inputs, Rlhf.Models.Networks.ForwardMode.Inference);

        float[] actions = Act(policy, rollout);

        Assert.That(actions, Is.EqualTo(Enumerable.Range(0, logits.Rows).Select(n => logits[n, 1] > logits[n, 0] ? 1f : 0f)));
        Assert.That(actions.Distinct().Count(), Is.EqualTo(2), "a policy that looks at nothing would prove nothing");
    }

    private static float[] Act(ControlPolicy policy, ControlRollout rollout)
    {
        using var actions = new HostBuffer<float>(rollout.Count);
        policy.Act(rollout.Observations, actions.View(rollout.Count));
        return actions.Span.ToArray();
    }
}
