namespace Rlhf.Environments.Tests.ClassicControl;

public sealed class CartPoleTests
{
    [Test]
    public void Step_FollowsTheEquations()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("cartpole");
        float[] observation = new float[4];
        environment.Reset(5, observation);
        double[] before = new double[4], after = new double[4];
        environment.CaptureState(before);
        environment.Step([1], observation);
        environment.CaptureState(after);

        // The cart's and the pole's accelerations solve both equations of motion: (M+m)ẍ + ml(θ̈ cos θ − θ̇² sin θ) = F and
        // (4/3)lθ̈ + ẍ cos θ = g sin θ.
        double linear = (after[1] - before[1]) / 0.02, angular = (after[3] - before[3]) / 0.02, angle = before[2];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((1.1 * linear) + (0.05 * ((angular * Math.Cos(angle)) - (before[3] * before[3] * Math.Sin(angle)))), Is.EqualTo(10).Within(1e-9));
            Assert.That((4.0 / 3 * 0.5 * angular) + (linear * Math.Cos(angle)), Is.EqualTo(9.8 * Math.Sin(angle)).Within(1e-9));
            Assert.That(after[0], Is.EqualTo(before[0] + (0.02 * before[1])));
            Assert.That(observation[2], Is.EqualTo((float)after[2]));
        }
    }

    [Test]
    public void Standard_TerminatesWhenThePoleLeans()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("cartpole", new EnvironmentOptions { Form = TaskForm.Standard });
        float[] observation = new float[4];
        environment.Reset(1, observation);
        StepResult result = default;
        int steps = 0;
        while (!result.Done)
        {
            result = environment.Step([1], observation);
            steps++;
        }

        Assert.That((result.Terminated, result.Reward), Is.EqualTo((true, 1f)));
        Assert.That(Math.Abs(observation[2]), Is.GreaterThan(12 * Math.PI / 180));
        Assert.That(steps, Is.InRange(5, 15));
        Assert.That(() => environment.Step([1], observation), Throws.InvalidOperationException);
    }

    [Test]
    public void Paper_LastsToItsHorizonAndPaysForLeaning()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("cartpole");
        float[] observation = new float[4];
        double[] state = new double[4];
        environment.Reset(1, observation);
        StepResult result = default;
        int steps = 0;
        while (!result.Done)
        {
            result = environment.Step([1], observation);
            environment.CaptureState(state);
            double angle = Math.IEEERemainder(state[2], 2 * Math.PI);
            Assert.That(result.Reward, Is.EqualTo((float)(1 - (angle * angle) - (0.1 * state[0] * state[0]))));
            steps++;
        }

        Assert.That((steps, result.Truncated, result.Terminated), Is.EqualTo((100, true, false)));
    }

    [TestCase(2f)]
    [TestCase(0.5f)]
    [TestCase(float.NaN)]
    public void Step_RefusesAnActionThatIsNoIndex(float action)
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("cartpole");
        float[] observation = new float[4];
        environment.Reset(1, observation);
        Assert.That(() => environment.Step([action], observation), Throws.ArgumentException.With.Message.Contains("expected an index of 0 … 1"));
    }

    [Test]
    public void Pose_EndsThePoleWhereTheAngleSays()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("cartpole");
        float[] observation = new float[4], pose = new float[environment.Spec.PoseLength];
        environment.Reset(9, observation);
        environment.CapturePose(pose);
        Assert.That(pose[15] - pose[12], Is.EqualTo(MathF.Sin(observation[2])).Within(1e-6));
        Assert.That(pose[17] - pose[14], Is.EqualTo(MathF.Cos(observation[2])).Within(1e-6));
    }
}
