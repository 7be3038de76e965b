using Rlhf.Environments;
using Rlhf.Training.Control;

namespace Rlhf.Benchmarks.Control;

/// <summary>What TRPO on the true reward has to reach, with the settings that it does it with.</summary>
/// <param name="Environment">Id.</param>
/// <param name="Form">Reward and ends of episodes.</param>
/// <param name="Threshold">Least mean return of 20 episodes of the mean policy.</param>
/// <param name="Config">Settings; the seed is the run's.</param>
internal sealed record ControlGate(string Environment, TaskForm Form, double Threshold, TrpoConfig Config)
{
    /// <summary>Environments side by side.</summary>
    public const int Environments = 8;

    /// <summary>Episodes of the evaluation.</summary>
    public const int Episodes = 20;

    /// <summary>
    /// All gates. Everything but steps is the default, except: the pendulum learns in batches of 2,000, and γ is 0.95 for Reacher, whose
    /// episodes have 50 steps.
    /// </summary>
    public static IReadOnlyList<ControlGate> All { get; } =
    [
        new("inverted-pendulum", TaskForm.Standard, 950, new TrpoConfig { TotalSteps = 100_000, BatchSize = 2000 }),
        new("reacher", TaskForm.Paper, -5, new TrpoConfig { TotalSteps = 300_000, Gamma = 0.95 }),
        new("half-cheetah", TaskForm.Paper, 800, new TrpoConfig { TotalSteps = 500_000 }),
        new("hopper", TaskForm.Standard, 2000, new TrpoConfig { TotalSteps = 1_000_000 }),
    ];

    /// <summary>Environments of this gate.</summary>
    public VectorEnvironment Create(int count, int threads, ulong seed) => new(
        [.. Enumerable.Range(0, count).Select(_ => EnvironmentCatalogue.Create(Environment, new EnvironmentOptions { Form = Form }))], threads, seed);
}
