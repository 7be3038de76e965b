using System.Text.Json.Nodes;
using Rlhf.Environments.Gymnasium;
using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Gymnasium;

/// <summary>Environments that behave, behind the bridge.</summary>
public sealed class GymnasiumBridgeTests
{
    [OneTimeSetUp]
    public void UseStandIn() => StandIn.Use();

    [Test]
    public void DiscreteActions_StartWhereTheSpaceDoes()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Walk-v0");
        float[] observation = new float[2];
        environment.Reset(7, observation);
        Assert.That(observation, Is.EqualTo(new[] { 7f, 0f }));
        Assert.That(environment.Step([0], observation), Is.EqualTo(new StepResult(-0.25f, false, false)));
        Assert.That(observation, Is.EqualTo(new[] { 7f, -1f }));
        for (int i = 0; i < 3; i++)
            environment.Step([1], observation);
        Assert.That(environment.Step([1], observation), Is.EqualTo(new StepResult(5, true, false)));
        environment.Reset(8, observation);
        Assert.That(observation, Is.EqualTo(new[] { 8f, 0f }));
    }

    [Test]
    public void Spec_IsWhatTheEnvironmentSays()
    {
        using IEnvironment walk = GymnasiumBridge.Create("Walk-v0"), push = GymnasiumBridge.Create("Push-v0");
        Assert.That((walk.Spec.Id, walk.Spec.Horizon, walk.Spec.Actions.Choices), Is.EqualTo(("gym:Walk-v0", 200, 2)));
        Assert.That((walk.Spec.FramesPerSecond, walk.Spec.ClipLength), Is.EqualTo((30, 45)));
        Assert.That((push.Spec.Horizon, push.Spec.FramesPerSecond, push.Spec.ClipLength), Is.EqualTo((1000, 40, 60)));
        Assert.That(push.Spec.Actions.High, Is.EqualTo(new[] { 1f, 2f, 0.5f }));
        Assert.That(push.Spec.Actions.Low, Is.EqualTo(new[] { -1f, -2f, 0f }));
    }

    [Test]
    public void Catalogue_KnowsTheBridge()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("gym:Walk-v0", new EnvironmentOptions { Horizon = 7 });
        Assert.That((environment.Spec.Id, environment.Spec.Horizon), Is.EqualTo(("gym:Walk-v0", 7)));
        Assert.That(EnvironmentCatalogue.Ids, Does.Contain("gym:ID"));
    }

    [TestCase(TaskForm.Paper, false)]
    [TestCase(TaskForm.Standard, true)]
    public void Catalogue_PassesOptionsOn_AndTheFormDecidesOnEnds(TaskForm form, bool terminates)
    {
        var options = new EnvironmentOptions { Form = form, Gymnasium = new GymnasiumOptions { Pixels = new PixelOptions { MaxNoops = 0, FrameSkip = 30 }, Horizon = 9 } };
        using IEnvironment environment = EnvironmentCatalogue.Create("gym:Arcade-v0", options);
        float[] observation = new float[environment.Spec.ObservationLength];
        environment.Reset(0, observation);
        Assert.That(environment.Step([5], observation).Terminated, Is.EqualTo(terminates));
        Assert.That(environment.Spec.Horizon, Is.EqualTo(9));
    }

    [Test]
    public void BoxActions_AreClippedToTheirBounds()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Push-v0");
        float[] observation = new float[3];
        environment.Reset(0, observation);
        StepResult step = environment.Step([0.25f, -7, 3], observation);
        Assert.That(observation, Is.EqualTo(new[] { 0.25f, -2f, 0.5f }));
        Assert.That(step.Reward, Is.EqualTo(-1.25f));
    }

    [Test]
    public void Pictures_HaveTheirChannelsFirst_AsShareOf255()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Picture-v0");
        Assert.That(environment.Spec.ObservationShape, Is.EqualTo(new[] { 3, 2, 3 }));
        float[] observation = new float[18];
        environment.Reset(0, observation);
        int[] expected = [0, 3, 6, 9, 12, 15, 1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17];
        Assert.That(observation, Is.EqualTo(expected.Select(value => value / 255f)));
    }

    [Test]
    public void Horizon_TruncatesAnEpisode()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Walk-v0", new GymnasiumOptions { Horizon = 2 });
        float[] observation = new float[2];
        environment.Reset(0, observation);
        Assert.That(environment.Step([1], observation).Done, Is.False);
        Assert.That(environment.Step([1], observation), Is.EqualTo(new StepResult(-0.25f, false, true)));
    }

    [Test]
    public void Arguments_ReachMake()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Walk-v0", new GymnasiumOptions { Arguments = new JsonObject { ["goal"] = 1 } });
        float[] observation = new float[2];
        environment.Reset(0, observation);
        Assert.That(environment.Step([1], observation).Terminated);
    }

    [Test]
    public void Print_DoesNotDisturbTheWire()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:Talk-v0");
        float[] observation = new float[2];
        environment.Reset(0, observation);
        environment.Step([1], observation);
        environment.Step([1], observation);
        Assert.That(observation[1], Is.EqualTo(2));
    }

    [Test]
    public void ObservationThatIsNotFinite_EndsTheEpisodeAsDiverged()
    {
        using IEnvironment environment = GymnasiumBridge.Create("gym:NotANumber-v0");
        float[] observation = new float[2];
        environment.Reset(0, observation);
        Assert.That(environment.Step([1], observation), Is.EqualTo(new StepResult(0, true, false, true)));
        Assert.That(() => environment.Reset(1, observation), Throws.Nothing);
    }

    [Test]
    public void ArcadeGame_HasAtarisInterface()
    {
        var options = new GymnasiumOptions { Pixels = new PixelOptions { MaxNoops = 0 }, Horizon = 9 };
        using IEnvironment environment = GymnasiumBridge.Create("gym:Arcade-v0", options);
        Assert.That(environment.Spec.ObservationShape, Is.EqualTo(new[] { 4, 84, 84 }));
        float[] observation = new float[environment.Spec.ObservationLength], rewards = new float[9];
        environment.Reset(0, observation);
        for (int i = 0; i < 9; i++)
        {
            StepResult step = environment.Step([5], observation);
            rewards[i] = step.Reward;
            Assert.That(step, Is.EqualTo(new StepResult(step.Reward, false, i == 8)));
            if (i == 1)
                Assert.That(observation.Chunk(84 * 84).Select(frame => frame.Distinct().Single() * 255), Is.EqualTo(new[] { 0f, 0, 4, 8 }).Within(1e-4));
        }

        // Lives are lost in frames 10 and 20; frame 30 ends the game, and the next begins in the ninth step.
        Assert.That(rewards, Is.EqualTo(new[] { 4f, 4, 3, 4, 3, 4, 4, 1, 4 }));
        Assert.That(observation[^1] * 255, Is.EqualTo(4).Within(1e-4));
    }

    [Test]
    public void Dispose_EndsTheChildAndLeavesNothing()
    {
        GymnasiumProcess process = StandIn.Start("Walk-v0");
        int id = process.ProcessId;
        process.Reset(1);
        Assert.That(StandIn.Exists(id));
        Assert.That(StandIn.SharedFiles(), Is.Empty, "unlinked as soon as both sides have it");
        process.Dispose();
        Assert.That(StandIn.Exists(id), Is.False);
    }
}
