namespace Rlhf.Environments.Tests.ClassicControl;

public sealed class PendulumTests
{
    [TestCase(TaskForm.Paper, 0)]
    [TestCase(TaskForm.Standard, 0.001)]
    public void Step_PaysForTheStateBeforeIt(TaskForm form, double effort)
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("pendulum", new EnvironmentOptions { Form = form });
        float[] observation = new float[3];
        double[] before = new double[2], after = new double[2];
        environment.Reset(11, observation);
        for (int step = 0; step < 20; step++)
        {
            environment.CaptureState(before);
            // Beyond the motor's limit: 2 N·m act and are paid for.
            StepResult result = environment.Step([5], observation);
            environment.CaptureState(after);
            double angle = Math.IEEERemainder(before[0], 2 * Math.PI);
            double speed = Math.Clamp(before[1] + (0.05 * ((15 * Math.Sin(before[0])) + 6)), -8, 8);
            Assert.That(result.Reward, Is.EqualTo((float)-((angle * angle) + (0.1 * before[1] * before[1]) + (effort * 4))));
            Assert.That(after[1], Is.EqualTo(speed).Within(1e-12));
            Assert.That(after[0], Is.EqualTo(before[0] + (0.05 * speed)).Within(1e-12));
            Assert.That(observation, Is.EqualTo(new[] { (float)Math.Cos(after[0]), (float)Math.Sin(after[0]), (float)after[1] }));
        }
    }

    [Test]
    public void Episode_LastsTwoHundredSteps()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("pendulum");
        float[] observation = new float[3];
        environment.Reset(1, observation);
        int steps = 1;
        while (!environment.Step([0], observation).Truncated)
            steps++;
        Assert.That(steps, Is.EqualTo(200));
    }

    [Test]
    public void Step_NamesTheActionThatIsNan()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("pendulum");
        float[] observation = new float[3];
        environment.Reset(1, observation);
        Assert.That(() => environment.Step([float.NaN], observation), Throws.ArgumentException.With.Message.Contains("action[0] of pendulum is NaN"));
    }
}
