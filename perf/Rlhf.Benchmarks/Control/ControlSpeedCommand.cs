using System.CommandLine;
using System.Diagnostics;
using Rlhf.Environments;
using Rlhf.Environments.Mujoco;
using Rlhf.Kernels;
using Rlhf.Models.Native;
using Rlhf.Training.Control;

namespace Rlhf.Benchmarks.Control;

/// <summary>
/// <c>bench control</c>: environment steps a second with the policy acting, beside the same physics alone: the same episodes, the same
/// actions, each thread stepping its own simulations without ever waiting for another.
/// </summary>
internal static class ControlSpeedCommand
{
    private const int Count = 8, Steps = 1000;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var robot = new Option<string>("--env") { Description = "A robot", HelpName = "ID", DefaultValueFactory = _ => "hopper" };
        var threads = new Option<int>("--threads") { Description = "Threads of both sides", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Alternating rounds of one episode; medians are reported", DefaultValueFactory = _ => 9 };
        var command = new Command("control", "Time acting in 8 environments beside bare mj_step") { robot, threads, rounds };
        command.SetAction(result => Run(result.GetValue(robot)!, result.GetValue(threads), result.GetValue(rounds), Console.Out));
        return command;
    }

    private static int Run(string id, int threads, int rounds, TextWriter output)
    {
        // The paper's form has no early ends: a round is one whole episode of each environment.
        var options = new EnvironmentOptions { Form = TaskForm.Paper, Horizon = Steps };
        TorchLibrary.SetThreads(threads);
        using var kernels = new CpuKernels(threads);
        const ulong Seed = 1;
        using var environments = new VectorEnvironment([.. Enumerable.Range(0, Count).Select(_ => EnvironmentCatalogue.Create(id, options))], threads, Seed);
        MujocoEnvironment[] bare = [.. Enumerable.Range(0, Count).Select(_ => (MujocoEnvironment)EnvironmentCatalogue.Create(id, options))];
        using var policy = new ControlPolicy(kernels, environments.Spec, new PolicyConfig(), Seed);
        using var rollout = new ControlRollout(environments.Spec, Count, Steps, normalized: true);
        using var collector = new RolloutCollector(environments, policy, Seed);
        double[] acting = new double[rounds], physics = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            double first = Time(() => collector.Collect(rollout)), second = Time(() => StepAlone(bare, rollout, threads, Seed, round + 1));
            if (round >= 0)
                (acting[round], physics[round]) = (first, second);
        }

        foreach (MujocoEnvironment environment in bare)
            environment.Dispose();
        double[] ratios = [.. physics.Zip(acting, (alone, together) => alone / together)];
        output.WriteLine($"{id}, {Count} environments, {threads} threads, medians of {rounds} rounds:");
        output.WriteLine($"  policy and environments  {Count * Steps / Median(acting):F0} steps/s");
        output.WriteLine($"  bare mj_step             {Count * Steps / Median(physics):F0} steps/s");
        output.WriteLine($"  ratio                    {Median(ratios):F3}  (lowest {ratios.Min():F3}, highest {ratios.Max():F3})");
        return 0;
    }

    /// <summary>The rollout's actions again, with nothing but the physics.</summary>
    private static void StepAlone(MujocoEnvironment[] environments, ControlRollout rollout, int threads, ulong seed, int episode)
    {
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            for (int n = worker; n < Count; n += threads)
                StepOne(environments[n], rollout, n, seed, episode);
        }))];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
            worker.Join();
    }

    private static void StepOne(MujocoEnvironment environment, ControlRollout rollout, int n, ulong seed, int episode)
    {
        Span<float> observation = new float[environment.Spec.ObservationLength];
        environment.Reset(EpisodeRandom.EpisodeSeed(seed, n, episode), observation);
        MujocoSimulation simulation = environment.Simulation;
        ActionSpace actions = environment.Spec.Actions;
        for (int step = 0; step < Steps; step++)
        {
            Span<double> controls = simulation.Controls;
            for (int i = 0; i < controls.Length; i++)
                controls[i] = Math.Clamp(rollout.Actions[(step * Count) + n, i], actions.Low[i], actions.High[i]);
            if (simulation.Step(environment.FrameSkip) is { } reason)
                throw new InvalidDataException($"environment {n}, step {step}: {reason}");
        }
    }

    private static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
