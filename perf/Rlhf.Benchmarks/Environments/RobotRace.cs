using System.Diagnostics;
using Rlhf.Environments;
using Rlhf.Environments.Mujoco;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Benchmarks.Environments;

/// <summary>
/// Environments side by side against MuJoCo alone, in turns: both sides begin a round in the same states, get the same actions and must end it
/// in the same bits.
/// </summary>
internal sealed class RobotRace(int count, int threads, int steps, int rounds)
{
    private const ulong Seed = 1;

    // No episode ends inside a round: a reset has no counterpart on the other side.
    private readonly EnvironmentOptions _options = new() { Form = TaskForm.Paper, Horizon = steps + 1 };

    /// <summary>Column names.</summary>
    public static string Header => $"{"robot",-26}{"actions",-16}{"steps/s",10}{"bare steps/s",14}{"wall ratio",22}{"processor ratio",22}";

    /// <summary>What is behind the columns.</summary>
    public string Description => $"MuJoCo {MujocoLibrary.Version}; {count} environments, {threads} threads, {rounds} rounds of {steps} steps; "
        + "ratios are of the same round, lowest, median and highest";

    /// <summary>A row under <see cref="Header"/>.</summary>
    public static string Line(EnvironmentRow row) =>
        $"{row.Environment,-26}{row.Actions,-16}{row.StepsPerSecond,10:F0}{row.BareStepsPerSecond,14:F0}{row.WallRatio,22}{row.ProcessorRatio,22}";

    /// <summary>Actions that were drawn beforehand: what stepping costs.</summary>
    public EnvironmentRow Prepared(string id)
    {
        using VectorEnvironment vector = Create(id);
        using var actions = new PreparedActions(vector.Spec.Actions, count, steps, Seed);
        return Measure("prepared", vector, _ => { }, Step, () => actions.All);

        void Step(int episode)
        {
            vector.Reset(episode);
            for (int step = 0; step < steps; step++)
                vector.Step(actions.Step(step));
        }
    }

    /// <summary>Actions that a policy draws in the loop: what a rollout costs.</summary>
    public EnvironmentRow WithPolicy(string id)
    {
        var config = new PolicyConfig();
        using VectorEnvironment vector = Create(id);
        using var kernels = new CpuKernels(threads);
        using var policy = new ControlPolicy(kernels, vector.Spec, config, Seed);
        using var rollout = new ControlRollout(vector.Spec, count, steps, normalized: true);
        RolloutCollector? collector = null;
        try
        {
            return Measure($"policy {string.Join('x', config.HiddenSizes)}", vector, Begin, _ => collector!.Collect(rollout), () => rollout.Actions);
        }
        finally
        {
            collector?.Dispose();
        }

        // A new collector begins the next episode everywhere.
        void Begin(int episode)
        {
            collector?.Dispose();
            collector = new RolloutCollector(vector, policy, Seed);
        }
    }

    private VectorEnvironment Create(string id) =>
        new([.. Enumerable.Range(0, count).Select(_ => EnvironmentCatalogue.Create(id, _options))], threads, Seed);

    private EnvironmentRow Measure(string actions, VectorEnvironment vector, Action<int> begin, Action<int> run, Func<View<float>> done)
    {
        using var bare = new BarePhysics(vector.Spec.Id, _options, count);
        var ours = new (double Wall, double Processor)[rounds];
        var alone = new (double Wall, double Processor)[rounds];
        // Episode 0 is the warm-up.
        for (int episode = 0; episode <= rounds; episode++)
        {
            begin(episode);
            var first = Time(() => run(episode));
            var second = Time(() => bare.Run(done(), threads, Seed, episode));
            RequireSameStates(vector, bare);
            if (episode > 0)
                (ours[episode - 1], alone[episode - 1]) = (first, second);
        }

        double total = (double)count * steps;
        return new EnvironmentRow
        {
            Environment = vector.Spec.Id,
            Actions = actions,
            Count = count,
            Threads = threads,
            FrameSkip = ((MujocoEnvironment)vector[0]).FrameSkip,
            Steps = steps,
            Rounds = rounds,
            StepsPerSecond = total / RatioSpread.Of(ours.Select(time => time.Wall)).Median,
            BareStepsPerSecond = total / RatioSpread.Of(alone.Select(time => time.Wall)).Median,
            WallRatio = RatioSpread.Of(ours.Zip(alone, (a, b) => b.Wall / a.Wall)),
            ProcessorRatio = RatioSpread.Of(ours.Zip(alone, (a, b) => b.Processor / a.Processor)),
        };
    }

    /// <summary>Both sides must have computed the same, or their times mean nothing.</summary>
    private static void RequireSameStates(VectorEnvironment vector, BarePhysics bare)
    {
        double[] ours = new double[vector.Spec.StateLength], alone = new double[ours.Length];
        for (int n = 0; n < vector.Count; n++)
        {
            vector[n].CaptureState(ours);
            bare.CaptureState(n, alone);
            if (!ours.AsSpan().SequenceEqual(alone))
                throw new InvalidDataException($"environment {n} ({vector.Spec.Id}) ended in another state than MuJoCo alone; {vector.LastDivergence ?? "it did not diverge"}");
        }
    }

    private static (double Wall, double Processor) Time(Action work)
    {
        TimeSpan used = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }
}
