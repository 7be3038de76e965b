using Rlhf.Environments.Mujoco;
using Rlhf.Kernels.Memory;

namespace Rlhf.Environments.Tests.Mujoco;

/// <summary>What holds for every robot.</summary>
public sealed class RobotTests
{
    public static IEnumerable<string> Ids => new RobotFamily().Ids;

    [TestCaseSource(nameof(Ids))]
    public void Bits_AreTheSame_ForAnyNumberOfThreads(string id)
    {
        Robot.Require();
        List<float> one = Rollout.Record(() => Robot.Create(id, TaskForm.Standard, horizon: 40), 3, 1, 3, 100);
        Assert.That(Rollout.Record(() => Robot.Create(id, TaskForm.Standard, horizon: 40), 3, 3, 3, 100), Is.EqualTo(one));
        Assert.That(one, Is.All.Matches<float>(float.IsFinite));
    }

    [TestCaseSource(nameof(Ids))]
    public void Bits_DoNotDependOnWhatIsCaptured(string id)
    {
        using MujocoEnvironment watched = Robot.Create(id, TaskForm.Paper), alone = Robot.Create(id, TaskForm.Paper);
        float[] a = new float[watched.Spec.ObservationLength], b = new float[a.Length], action = new float[watched.Spec.Actions.Length];
        float[] pose = new float[watched.Spec.PoseLength];
        watched.Reset(5, a);
        alone.Reset(5, b);
        for (int step = 0; step < 25; step++)
        {
            Rollout.Draw(watched.Spec.Actions, 1, step, action);
            watched.Step(action, a);
            watched.CapturePose(pose);
            alone.Step(action, b);
            Assert.That(a, Is.EqualTo(b));
        }
    }

    [TestCaseSource(nameof(Ids))]
    public void Paper_LastsToItsHorizon_WhateverHappens(string id)
    {
        using MujocoEnvironment environment = Robot.Create(id, TaskForm.Paper);
        float[] observation = new float[environment.Spec.ObservationLength], action = new float[environment.Spec.Actions.Length];
        environment.Reset(2, observation);
        StepResult result = default;
        int steps = 0;
        while (!result.Done)
        {
            Rollout.Draw(environment.Spec.Actions, 8, steps++, action);
            result = environment.Step(action, observation);
        }

        Assert.That((steps, result.Truncated, result.Terminated), Is.EqualTo((environment.Spec.Horizon, true, false)));
    }

    [TestCaseSource(nameof(Ids))]
    public void Size_IsTenTimesWhatIsUsed(string id)
    {
        using MujocoEnvironment environment = Robot.Create(id, TaskForm.Paper, horizon: 1000);
        float[] observation = new float[environment.Spec.ObservationLength], action = new float[environment.Spec.Actions.Length];
        for (ulong seed = 0; seed < 3; seed++)
        {
            environment.Reset(seed, observation);
            for (int step = 0; step < 1000; step++)
            {
                Rollout.Draw(environment.Spec.Actions, seed, step / 10, action);
                environment.Step(action, observation);
            }
        }

        var usage = environment.Simulation.Usage;
        TestContext.Out.WriteLine($"stack {usage.StackUsed}, contacts {usage.ContactsUsed}, constraints {usage.ConstraintsUsed}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(usage.StackSize, Is.GreaterThanOrEqualTo(10 * usage.StackUsed), "nstack");
            Assert.That(usage.ContactsSize, Is.GreaterThanOrEqualTo(10 * usage.ContactsUsed), "nconmax");
            Assert.That(usage.ConstraintsSize, Is.GreaterThanOrEqualTo(10 * usage.ConstraintsUsed), "njmax");
        }
    }

    [TestCaseSource(nameof(Ids))]
    public void Divergence_EndsTheEpisodeAndTheNextRuns(string id)
    {
        using MujocoEnvironment environment = Robot.Create(id, TaskForm.Paper);
        float[] first = new float[environment.Spec.ObservationLength], observation = new float[first.Length], action = new float[environment.Spec.Actions.Length];
        environment.Reset(1, first);
        environment.Simulation.Velocities[0] = double.NaN;
        StepResult result = environment.Step(action, observation);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result, Is.EqualTo(new StepResult(0, true, false, true)));
            Assert.That(observation, Is.EqualTo(first), "the last finite observation");
            Assert.That(environment.DivergenceReason, Does.Contain("QVEL"));
            Assert.That(() => environment.Step(action, observation), Throws.InvalidOperationException);
        }

        environment.Reset(1, observation);
        Assert.That(observation, Is.EqualTo(first));
        Assert.That(environment.Step(action, observation).Done, Is.False);
    }

    [TestCaseSource(nameof(Ids))]
    public void Pose_IsFiniteAndFollowsTheState(string id)
    {
        using MujocoEnvironment environment = Robot.Create(id, TaskForm.Paper);
        float[] observation = new float[environment.Spec.ObservationLength], action = new float[environment.Spec.Actions.Length];
        float[] pose = new float[environment.Spec.PoseLength], again = new float[pose.Length];
        double[] state = new double[environment.Spec.StateLength];
        environment.Reset(1, observation);
        for (int step = 0; step < 20; step++)
        {
            Rollout.Draw(environment.Spec.Actions, 8, step, action);
            environment.Step(action, observation);
        }

        environment.CapturePose(pose);
        environment.CaptureState(state);
        using var other = new MujocoSimulation(environment.Simulation.Model);
        int positions = other.Model.Positions;
        state.AsSpan(0, positions).CopyTo(other.Positions);
        state.AsSpan(positions).CopyTo(other.Velocities);
        other.Forward();
        new MujocoScene(other.Model, Rlhf.Environments.Drawing.SceneCamera.Side(0, 1), Rlhf.Environments.Drawing.SceneGround.None).Capture(other, again);
        Assert.That(pose, Is.All.Matches<float>(float.IsFinite));
        Assert.That(pose, Is.EqualTo(again).Within(1e-6));
        Assert.That(pose.Distinct().Count(), Is.GreaterThan(3));
    }

    [TestCaseSource(nameof(Ids))]
    public void Scene_NamesAShapeForEachTwoPointsOfThePose(string id)
    {
        using MujocoEnvironment environment = Robot.Create(id, TaskForm.Paper);
        using var scene = System.Text.Json.JsonDocument.Parse(environment.Spec.Scene);
        var shapes = scene.RootElement.GetProperty("shapes");
        Assert.That(shapes.GetArrayLength() * 6, Is.EqualTo(environment.Spec.PoseLength));
        foreach (var shape in shapes.EnumerateArray())
        {
            Assert.That(shape.GetProperty("radius").GetDouble(), Is.Positive);
            Assert.That(shape.GetProperty("color").GetString(), Does.Match("^#[0-9a-f]{6}$"));
            Assert.That(shape.GetProperty("name").GetString(), Is.Not.Empty);
        }

        double seconds = (double)environment.Spec.ClipLength / environment.Spec.FramesPerSecond;
        Assert.That(seconds, Is.EqualTo(1.5));
    }

    [Test]
    public void Step_AllocatesNothing()
    {
        Robot.Require();
        using var vector = new VectorEnvironment([.. Enumerable.Range(0, 3).Select(_ => Robot.Create("hopper", TaskForm.Standard))], 2, 3);
        using var actions = new HostBuffer<float>(9);
        vector.Reset();
        long bytes = Allocations.Least(() =>
        {
            for (int step = 0; step < 300; step++)
                vector.Step(actions.View(3, 3));
        });
        Assert.That(bytes, Is.Zero);
        Assert.That(vector.EpisodeStatistics.Finished, Is.Positive, "episodes ended on the way");
    }

    [Test]
    public void Error_EndsTheEpisodeAndTheNextRunsInANewSimulation()
    {
        Robot.Require();
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.xml");
        using Stream built = typeof(RobotFamily).Assembly.GetManifestResourceStream("hopper.xml")!;
        string mjcf = new StreamReader(built).ReadToEnd();
        // Enough for the free fall, too little for the first contact.
        File.WriteAllText(file, System.Text.RegularExpressions.Regex.Replace(mjcf, "nstack=\"[0-9]+\"", "nstack=\"301\""));
        try
        {
            using IEnvironment environment = EnvironmentCatalogue.Create("hopper", new EnvironmentOptions { ModelFile = file });
            float[] observation = new float[environment.Spec.ObservationLength], action = [1, 1, 1];
            for (int episode = 0; episode < 2; episode++)
            {
                environment.Reset((ulong)episode, observation);
                StepResult result = default;
                while (!result.Done)
                    result = environment.Step(action, observation);
                Assert.That(result.Diverged);
                Assert.That(((IDivergenceReason)environment).DivergenceReason, Does.Contain("Stack overflow"));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void ModelFile_OfAnotherRobot_IsRefusedWithBothShapes()
    {
        Robot.Require();
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.xml");
        File.WriteAllText(file, "<mujoco><worldbody/></mujoco>");
        try
        {
            Assert.That(
                () => EnvironmentCatalogue.Create("hopper", new EnvironmentOptions { ModelFile = file }),
                Throws.TypeOf<MujocoException>().With.Message.Contains("(0, 0, 0), expected (6, 6, 3)"));
        }
        finally
        {
            File.Delete(file);
        }

        Assert.That(() => EnvironmentCatalogue.Create("hopper", new EnvironmentOptions { ModelFile = file }), Throws.TypeOf<MujocoException>().With.Message.Contains(file));
    }
}
