using System.CommandLine;
using System.Globalization;
using Rlhf.Cli.Options;
using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary><c>rlhf prefs fit</c>: a reward model from a store's labels alone, measured on labels that it did not see.</summary>
internal sealed class FitPrefs
{
    private readonly OptionSet _set = new();
    private readonly Option<string?> _database, _name, _outputDir;
    private readonly Option<double> _heldOut, _noise, _learningRate, _initialL2;
    private readonly Option<int> _steps, _batch, _members, _threads;
    private readonly Option<bool> _regularize;
    private readonly Option<long> _seed;
    private readonly GymnasiumOption _gymnasium;

    private FitPrefs()
    {
        _database = _set.AddOptional("db", "The store", "FILE", required: true);
        _name = _set.AddOptional("name", "The run's name in the store [default: its only one]", "NAME");
        _outputDir = _set.AddOptional("output_dir", "Where the reward model goes, for control train --reward_model [default: nowhere]", "DIR");
        _heldOut = _set.AddNumber("held_out", "Share of the labels that are kept for measuring, the newest and oldest alike", 0.2, 0.0, 0.9);
        _steps = _set.AddNumber("max_steps", "Optimizer steps", 3000, 1);
        _batch = _set.AddNumber("batch_size", "Pairs of a minibatch", 32, 1);
        _learningRate = _set.AddNumber("learning_rate", "Adam's learning rate", 1e-3, 0.0, exclusive: true);
        _noise = _set.AddNumber("label_noise", "Share of answers taken for random", 0.1, 0.0, 0.9);
        _initialL2 = _set.AddNumber("initial_l2", "First L2 coefficient", 1e-4, 1e-8);
        _regularize = _set.Add("regularize", "L2 that follows the ratio of validation to training loss", true);
        _members = _set.AddNumber("ensemble_size", "Reward networks", 3, 1);
        _seed = _set.AddNumber("seed", "Seed", 1L, 0L);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
        _gymnasium = new GymnasiumOption(_set);
    }

    public static Command Create()
    {
        var verb = new FitPrefs();
        Command command = verb._set.Command("fit", "Fit a reward model to the labels of a store and measure it on held-out ones");
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string database = result.GetRequiredValue(_database)!;
        using PreferenceStore store = StoredRun.Open(database);
        PreferenceRun run = StoredRun.Find(store, result.GetValue(_name));
        using IEnvironment environment = EnvironmentCatalogue.Create(
            run.Environment, new EnvironmentOptions { Gymnasium = _gymnasium.Of(result, run.Environment) });
        var data = new StoredLabels(store, run.Id, new RewardInput(environment.Spec));
        double share = result.GetValue(_heldOut);
        LabelledPair[] train = [.. data.Pairs.Where((_, i) => !IsHeldOut(i, share))], heldOut = [.. data.Pairs.Where((_, i) => IsHeldOut(i, share))];
        if (train.Length == 0)
            throw new DataFormatException($"{database}: run '{run.Name}' has {data.Pairs.Count} labels for training, expected at least one");

        ulong seed = (ulong)result.GetValue(_seed);
        using CpuKernels kernels = Machine.Kernels(result.GetValue(_threads));
        using var ensemble = new RewardEnsemble(data.Input, new RewardModelOptions { Members = result.GetValue(_members) }, seed);
        data.ObserveInputs(ensemble);
        using var fitter = new RewardFitter(ensemble, kernels, Options(result, seed));
        int steps = result.GetValue(_steps);
        for (int done = 0; done < steps;)
        {
            int some = Math.Min(steps - done, Math.Max(1, steps / 10));
            FitReport report = fitter.Fit(train, some, cancellation);
            done += some;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"step {done}  loss {report.TrainLoss:f4}  out of bag {report.ValidationLoss:f4}  ratio {report.Ratio:f3}  l2 {fitter.Regularization.Average():g3}  {Measure(ensemble, data, heldOut)}"));
        }

        if (result.GetValue(_outputDir) is { } directory)
        {
            data.Calibrate(ensemble);
            ensemble.Save(directory);
            output.WriteLine($"saved {directory}");
        }

        return CommandLine.Success;
    }

    private static bool IsHeldOut(int index, double share) => (int)((index + 1) * share) > (int)(index * share);

    private static string Measure(RewardEnsemble ensemble, StoredLabels data, LabelledPair[] heldOut)
    {
        if (heldOut.Length == 0)
            return string.Empty;
        PairAccuracy accuracy = PairPredictions.Of(ensemble, heldOut).Accuracy(heldOut);
        (double steps, double clips) = data.Correlate(ensemble, heldOut);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"held-out accuracy {accuracy.Share:f4} of {accuracy.Decisive}  correlation {steps:f4} a step, {clips:f4} a clip");
    }

    private FitOptions Options(ParseResult result, ulong seed) => new()
    {
        BatchPairs = result.GetValue(_batch),
        LearningRate = (float)result.GetValue(_learningRate),
        LabelNoise = (float)result.GetValue(_noise),
        Regularization = new RegularizationOptions { Enabled = result.GetValue(_regularize), Initial = result.GetValue(_initialL2) },
        Seed = seed,
    };
}
