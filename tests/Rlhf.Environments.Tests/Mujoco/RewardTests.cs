using Rlhf.Environments.Mujoco;

namespace Rlhf.Environments.Tests.Mujoco;

/// <summary>Rewards and ends against the states before and after a step.</summary>
public sealed class RewardTests
{
    private delegate double Formula(double[] before, double[] after, double effort);

    private static readonly Dictionary<(string, TaskForm), Formula> Formulas = new()
    {
        [("inverted-pendulum", TaskForm.Paper)] = (_, s, _) => 1 - (s[1] * s[1]),
        [("inverted-pendulum", TaskForm.Standard)] = (_, s, _) => Math.Abs(s[1]) > 0.2 ? 0 : 1,
        [("inverted-double-pendulum", TaskForm.Paper)] = (_, s, _) => 10 - DoubleCost(s) + (10 * (Tip(s).Z - 1)),
        [("inverted-double-pendulum", TaskForm.Standard)] = (_, s, _) => (Tip(s).Z <= 1 ? 0 : 10) - DoubleCost(s),
        [("reacher", TaskForm.Paper)] = (_, s, _) => -Distance(s),
        [("reacher", TaskForm.Standard)] = (_, s, effort) => -Distance(s) - effort,
        [("half-cheetah", TaskForm.Paper)] = (b, s, _) => (s[0] - b[0]) / 0.05,
        [("half-cheetah", TaskForm.Standard)] = (b, s, effort) => ((s[0] - b[0]) / 0.05) - (0.1 * effort),
        [("hopper", TaskForm.Paper)] = (b, s, _) => ((s[0] - b[0]) / 0.008) + 1 + (s[1] - 1),
        [("hopper", TaskForm.Standard)] = (b, s, effort) => ((s[0] - b[0]) / 0.008) + (s[1] <= 0.7 || Math.Abs(s[2]) >= 0.2 ? 0 : 1) - (1e-3 * effort),
        [("walker", TaskForm.Paper)] = (b, s, _) => ((s[0] - b[0]) / 0.008) + 1 + (s[1] - 2),
        [("walker", TaskForm.Standard)] = (b, s, effort) =>
            ((s[0] - b[0]) / 0.008) + (s[1] <= 0.8 || s[1] >= 2 || Math.Abs(s[2]) >= 1 ? 0 : 1) - (1e-3 * effort),
        [("swimmer", TaskForm.Paper)] = (b, s, _) => (s[0] - b[0]) / 0.04,
        [("swimmer", TaskForm.Standard)] = (b, s, effort) => ((s[0] - b[0]) / 0.04) - (1e-4 * effort),
        [("ant", TaskForm.Paper)] = (b, s, _) => ((s[0] - b[0]) / 0.05) + (s[2] - 1.2),
        [("ant", TaskForm.Standard)] = (b, s, effort) => ((s[0] - b[0]) / 0.05) + (s[2] < 0.2 || s[2] > 1 ? 0 : 1) - (0.5 * effort),
    };

    public static IEnumerable<TestCaseData> Tasks =>
        from id in new RobotFamily().Ids
        from form in Enum.GetValues<TaskForm>()
        select new TestCaseData(id, form);

    [TestCaseSource(nameof(Tasks))]
    public void Reward_IsTheFormulaOfTheStates(string id, TaskForm form)
    {
        using MujocoEnvironment environment = Robot.Create(id, form);
        Formula formula = Formulas[(id, form)];
        EnvironmentSpec spec = environment.Spec;
        float[] observation = new float[spec.ObservationLength], action = new float[spec.Actions.Length];
        double[] before = new double[spec.StateLength], after = new double[spec.StateLength];
        for (ulong episode = 0; episode < 3; episode++)
        {
            environment.Reset(episode, observation);
            StepResult result = default;
            for (int step = 0; step < 60 && !result.Done; step++)
            {
                Rollout.Draw(spec.Actions, episode, step, action);
                // Beyond its bounds an action acts and costs as if it lay on them.
                action[0] *= 3;
                double effort = action.Select((a, i) => Math.Pow(Math.Clamp(a, spec.Actions.Low[i], spec.Actions.High[i]), 2)).Sum();
                environment.CaptureState(before);
                result = environment.Step(action, observation);
                environment.CaptureState(after);
                Assert.That(result.Reward, Is.EqualTo(formula(before, after, effort)).Within(1e-5).Percent.Or.EqualTo(formula(before, after, effort)).Within(1e-6));
                Assert.That(result.Diverged, Is.False);
            }
        }
    }

    // (task, index in qpos ‖ qvel, value that is just still well, value that ends the episode)
    [TestCase("inverted-pendulum", 1, 0.18, 0.22)]
    [TestCase("inverted-double-pendulum", 1, 0.5, 0.65)]
    [TestCase("hopper", 1, 0.75, 0.65)]
    [TestCase("hopper", 2, 0.18, 0.22)]
    [TestCase("hopper", 3, -1, -101)]
    [TestCase("walker", 1, 0.85, 0.75)]
    [TestCase("walker", 1, 1.95, 2.05)]
    [TestCase("walker", 2, 0.95, 1.05)]
    [TestCase("ant", 2, 0.95, 1.05)]
    public void Standard_EndsWhenTheStateLeavesItsBounds_AndPaperDoesNot(string id, int index, double well, double fallen)
    {
        Robot.Require();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(StepFrom(id, TaskForm.Standard, index, well), Is.EqualTo((false, false)));
            Assert.That(StepFrom(id, TaskForm.Standard, index, fallen), Is.EqualTo((true, false)));
            Assert.That(StepFrom(id, TaskForm.Paper, index, fallen), Is.EqualTo((false, false)));
        }
    }

    [TestCase("hopper", 1, 1.25, 0.9)]
    [TestCase("walker", 1, 1.25, 0.9)]
    [TestCase("ant", 2, 0.6, 0.4)]
    [TestCase("inverted-pendulum", 1, 0.0, 0.5)]
    [TestCase("inverted-double-pendulum", 1, 0.0, 0.5)]
    public void Paper_PaysLessForTheStateThatStandardEnds(string id, int index, double upright, double lower)
    {
        Assert.That(RewardAt(id, index, lower), Is.LessThan(RewardAt(id, index, upright) - 0.05));
    }

    [Test]
    public void TerminationAngle_ReplacesTheTasksOwn()
    {
        Robot.Require();
        using var environment = (MujocoEnvironment)EnvironmentCatalogue.Create(
            "inverted-pendulum", new EnvironmentOptions { Form = TaskForm.Standard, TerminationAngle = 0.5 });
        float[] observation = new float[4];
        environment.Reset(1, observation);
        environment.Simulation.Positions[1] = 0.4;
        Assert.That(environment.Step([0], observation).Terminated, Is.False);
        environment.Simulation.Positions[1] = 0.6;
        Assert.That(environment.Step([0], observation).Terminated);
    }

    [TestCase("inverted-pendulum", 25, 1000)]
    [TestCase("inverted-double-pendulum", 50, 1000)]
    [TestCase("reacher", 50, 50)]
    [TestCase("half-cheetah", 1000, 1000)]
    [TestCase("hopper", 1000, 1000)]
    [TestCase("walker", 1000, 1000)]
    [TestCase("swimmer", 1000, 1000)]
    [TestCase("ant", 1000, 1000)]
    public void Horizon_IsThePapersOrTheBenchmarks(string id, int paper, int standard)
    {
        using MujocoEnvironment first = Robot.Create(id, TaskForm.Paper), second = Robot.Create(id, TaskForm.Standard);
        Assert.That((first.Spec.Horizon, second.Spec.Horizon), Is.EqualTo((paper, standard)));
    }

    private static (bool Terminated, bool Diverged) StepFrom(string id, TaskForm form, int index, double value)
    {
        StepResult result = Step(id, form, index, value);
        return (result.Terminated, result.Diverged);
    }

    private static double RewardAt(string id, int index, double value) => Step(id, TaskForm.Paper, index, value).Reward;

    private static StepResult Step(string id, TaskForm form, int index, double value)
    {
        using MujocoEnvironment environment = Robot.Create(id, form);
        float[] observation = new float[environment.Spec.ObservationLength], action = new float[environment.Spec.Actions.Length];
        environment.Reset(1, observation);
        environment.Simulation.Velocities.Clear();
        environment.Simulation.Positions[index] = value;
        return environment.Step(action, observation);
    }

    private static (double X, double Z) Tip(double[] s) => (
        s[0] + (0.6 * Math.Sin(s[1])) + (0.6 * Math.Sin(s[1] + s[2])),
        (0.6 * Math.Cos(s[1])) + (0.6 * Math.Cos(s[1] + s[2])));

    private static double DoubleCost(double[] s)
    {
        var (x, z) = Tip(s);
        return (0.01 * x * x) + Math.Pow(z - 2, 2) + (1e-3 * s[4] * s[4]) + (5e-3 * s[5] * s[5]);
    }

    private static double Distance(double[] s) => Math.Sqrt(
        Math.Pow((0.1 * Math.Cos(s[0])) + (0.11 * Math.Cos(s[0] + s[1])) - s[2], 2)
        + Math.Pow((0.1 * Math.Sin(s[0])) + (0.11 * Math.Sin(s[0] + s[1])) - s[3], 2));
}
