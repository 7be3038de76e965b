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

    /// <summary>Column names of the rows with a learned reward.</summary>
    public static string RewardHeader => $"{"robot",-26}{"reward",-16}{"steps/s",10}{"without",14}{"wall ratio",22}{"processor ratio",22}{"of medians",12}";

    /// <summary>A row under <see cref="RewardHeader"/>.</summary>
    public static string Line(RewardRow row) =>
        $"{row.Environment,-26}{row.Reward,-16}{row.StepsPerSecond,10:F0}{row.StepsPerSecondWithout,14:F0}{row.WallRatio,22}{row.ProcessorRatio,22}{row.MedianRatio,12:F3}";

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
            return Measure(Name(config), vector, Begin, _ => collector!.Collect(rollout), () => rollout.Actions);
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

    /// <summary>A policy's steps without and with a learned reward asked for all of them, in turns from the same states: what learning from comparisons adds.</summary>
    public RewardRow WithReward(string id)
    {
        var config = new PolicyConfig();
        using VectorEnvironment vector = Create(id);
        using var kernels = new CpuKernels(threads);
        using var policy = new ControlPolicy(kernels, vector.Spec, config, Seed);
        using var rollout = new ControlRollout(vector.Spec, count, steps, normalized: true);
        using var reward = new BatchReward(vector.Spec, rollout.Count, Seed);
        var with = new (double Wall, double Processor)[rounds];
        var without = new (double Wall, double Processor)[rounds];
        Collect(0, rewarded: false);
        reward.Observe(rollout);
        Collect(0, rewarded: true);
        reward.RequireScaled(rollout);
        for (int round = 0; round < rounds; round++)
        {
            // Who goes first changes, so that neither always finds the caches as the other left them.
            foreach (bool rewarded in round % 2 == 0 ? (bool[])[false, true] : [true, false])
                (rewarded ? with : without)[round] = Collect(round + 1, rewarded);
        }

        double total = (double)count * steps, median = RatioSpread.Of(with.Select(time => time.Wall)).Median;
        double bare = RatioSpread.Of(without.Select(time => time.Wall)).Median;
        return new RewardRow
        {
            Environment = id,
            Actions = Name(config),
            Reward = reward.Description,
            Count = count,
            Threads = threads,
            Steps = steps,
            Rounds = rounds,
            StepsPerSecond = total / median,
            StepsPerSecondWithout = total / bare,
            MedianRatio = median / bare,
            WallRatio = RatioSpread.Of(with.Zip(without, (a, b) => a.Wall / b.Wall)),
            ProcessorRatio = RatioSpread.Of(with.Zip(without, (a, b) => a.Processor / b.Processor)),
        };

        // A new collector begins the episode after the one that it finds.
        (double Wall, double Processor) Collect(int episode, bool rewarded)
        {
            vector.Reset(episode);
            using var collector = new RolloutCollector(vector, policy, Seed);
            return Time(() =>
            {
                collector.Collect(rollout);
                if (rewarded)
                    reward.Fill(rollout);
            });
        }
    }

    private static string Name(PolicyConfig config) => $"policy {string.Join('x', config.HiddenSizes)}";

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
