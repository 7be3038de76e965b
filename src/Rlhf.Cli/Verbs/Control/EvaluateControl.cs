using System.CommandLine;
using System.Globalization;
using Rlhf.Cli.Options;
using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Verbs.Control;

/// <summary><c>rlhf control eval</c>: true returns of a policy that explores nothing.</summary>
internal sealed class EvaluateControl
{
    private const ulong Stream = 0x6576_616C; // Other episodes than those of training: "eval".
    private readonly OptionSet _set = new();
    private readonly EnvironmentOption _environment;
    private readonly Option<string?> _model;
    private readonly Option<int> _episodes, _threads;
    private readonly Option<long> _seed;

    private EvaluateControl()
    {
        _model = _set.AddOptional("model", "A policy: a run of control train, or its model/", "DIR", required: true);
        _environment = new EnvironmentOption(_set);
        _episodes = _set.AddNumber("episodes", "Episodes", 20, 1);
        _seed = _set.AddNumber("seed", "Seed of the episodes", 1L, 0L);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new EvaluateControl();
        Command command = verb._set.Command("eval", "Play episodes with a policy's mean action and report their true returns");
        command.SetAction(verb.Run);
        return command;
    }

    /// <summary>The seed of evaluation episodes that belongs to a run's seed.</summary>
    public static ulong Seed(ulong seed) => seed ^ Stream;

    /// <summary>The evaluation as a log line has it.</summary>
    public static Dictionary<string, double> Metrics(PolicyEvaluation evaluation) => new()
    {
        [MetricNames.EvalReturn] = evaluation.Mean,
        [MetricNames.EvalReturnStd] = evaluation.Std,
        [MetricNames.EvalLength] = evaluation.Lengths.Average(),
    };

    private int Run(ParseResult result)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string model = result.GetRequiredValue(_model)!;
        if (!Directory.Exists(model))
            throw new DataFormatException($"{model}: missing, expected a policy's folder");
        if (!File.Exists(Path.Combine(model, "policy.json")))
            model = TrainingRun.ModelDirectory(model);
        int threads = result.GetValue(_threads);
        using CpuKernels kernels = Machine.Kernels(threads);
        using VectorEnvironment environments =
            _environment.Create(result, result.GetValue(_episodes), threads, Seed((ulong)result.GetValue(_seed)));
        using ControlPolicy policy = ControlPolicy.Load(kernels, environments.Spec, model);
        PolicyEvaluation evaluation = PolicyEvaluation.Run(policy, environments);
        foreach ((string name, double value) in Metrics(evaluation))
            output.WriteLine($"{name} {value.ToString("g6", CultureInfo.InvariantCulture)}");
        output.WriteLine($"returns {string.Join(" ", evaluation.Returns.Select(value => value.ToString("g6", CultureInfo.InvariantCulture)))}");
        return CommandLine.Success;
    }
}
