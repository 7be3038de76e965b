using Rlhf.Environments;
using Rlhf.Environments.Mujoco;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>What the environments write of themselves is what the page draws.</summary>
public sealed class EnvironmentClipTests
{
    [TestCase("cartpole")]
    [TestCase("pendulum")]
    [TestCase("pong")]
    [TestCase("hopper")]
    [TestCase("half-cheetah")]
    [TestCase("reacher")]
    public async Task Clip_IsDrawn_AndMoves(string id)
    {
        if (id is ("hopper" or "half-cheetah" or "reacher") && !MujocoLibrary.IsAvailable)
            Assert.Ignore(MujocoLibrary.UnavailableReason!);
        await using LabelingHost host = await LabelingHost.StartAsync();
        using (IEnvironment environment = EnvironmentCatalogue.Create(id))
        {
            EnvironmentSpec spec = environment.Spec;
            long run = host.Store.AddRun(new PreferenceRun
            {
                Name = id, Environment = id, Instructions = spec.Instructions, Scene = spec.Scene, FramesPerSecond = spec.FramesPerSecond,
                Kind = spec.IsPixels ? RunKind.Frames : RunKind.Figures,
            });
            host.Store.AddQuery(new Query { RunId = run, Items = host.Store.AddSegments([Record(environment, run, 1), Record(environment, run, 2)]) });
        }

        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        await ada.Page.Keyboard.PressAsync(" ");
        string[] first = await PicturesAsync(ada);
        for (int i = 0; i < 8; i++)
            await ada.Page.Keyboard.PressAsync(".");
        string[] later = await PicturesAsync(ada);
        await ada.ShootAsync($"environment-{id}");
        Assert.That(first[0], Is.Not.EqualTo(first[1]), "two clips");
        Assert.That(later[0], Is.Not.EqualTo(first[0]), "the left one moves");
        Assert.That(later[1], Is.Not.EqualTo(first[1]), "the right one moves");
    }

    private static Segment Record(IEnvironment environment, long run, int seed)
    {
        EnvironmentSpec spec = environment.Spec;
        var random = new Random(seed);
        int length = spec.ClipLength, size = spec.ObservationLength;
        float[] observations = new float[length * size], poses = new float[length * spec.PoseLength], action = new float[spec.Actions.Length];
        float[] actions = new float[length * action.Length], next = new float[size];
        environment.Reset((ulong)seed, next);
        for (int step = 0; step < length; step++)
        {
            next.CopyTo(observations, step * size);
            environment.CapturePose(poses.AsSpan(step * spec.PoseLength, spec.PoseLength));
            for (int i = 0; i < action.Length; i++)
                action[i] = spec.Actions.IsDiscrete ? random.Next(spec.Actions.Choices) : (float)((2 * random.NextDouble()) - 1);
            action.CopyTo(actions, step * action.Length);
            if (environment.Step(action, next).Done)
                environment.Reset((ulong)(seed + 100), next);
        }

        return new Segment { RunId = run, Step = seed, Length = length, ObservationShape = spec.ObservationShape, Observations = observations, Actions = actions, Poses = poses };
    }

    private static Task<string[]> PicturesAsync(LabelerPage labeler) =>
        labeler.Page.Locator("canvas.clip").EvaluateAllAsync<string[]>("all => all.map(each => each.toDataURL())");
}
