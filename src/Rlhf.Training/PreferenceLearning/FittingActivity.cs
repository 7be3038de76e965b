using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The third of the three activities (Christiano et al. 2017, §2.1): keeps fitting r̂ to all labels so far, at a pace that follows the
/// policy's steps, and publishes it.
/// </summary>
internal sealed class FittingActivity : IDisposable
{
    // Optimizer steps of one call: about a second of vectors, or some of frames, after which others see the news and checkpoints can be written.
    private const int VectorSteps = 200, PixelSteps = 10;
    private const string StateFile = "reward_inputs.json";
    private readonly Lock _lock = new();
    private readonly RewardEnsemble _ensemble;
    private readonly RewardFitter _fitter;
    private readonly RewardExchange _exchange;
    private readonly InputMoments _moments;
    private readonly PreferenceOptions _options;

    public FittingActivity(RewardEnsemble ensemble, RewardExchange exchange, InputMoments moments, IKernels kernels, PreferenceOptions options)
    {
        (_ensemble, _exchange, _moments, _options) = (ensemble, exchange, moments, options);
        _fitter = new RewardFitter(ensemble, kernels, options.Fit) { Collapsed = member => Collapsed?.Invoke(member, _fitter!.Collapses) };
    }

    /// <summary>Told which member started over, and how many did so far.</summary>
    public Action<int, int>? Collapsed { get; set; }

    /// <summary>What the last steps were like; null before.</summary>
    public FitReport? Report { get; private set; }

    public long Step => _exchange.FittedSteps;

    public double Regularization { get; private set; }

    public int Collapses { get; private set; }

    /// <summary>Optimizer steps that should be made by an environment step.</summary>
    public long Planned(long environmentSteps)
    {
        double presentations = ((double)_options.InitialEpochs * _options.LabelsAtStart) + (_options.LabelsPerStep * environmentSteps);
        return (long)Math.Ceiling(presentations / _options.Fit.BatchPairs);
    }

    /// <summary>Makes some optimizer steps towards the plan and publishes the model.</summary>
    /// <param name="labels">D.</param>
    /// <param name="environmentSteps">Of the run so far.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>Whether any were made.</returns>
    public bool Fit(LabelSet labels, long environmentSteps, CancellationToken cancellation)
    {
        LabelledPair[] pairs = labels.Snapshot();
        int due = (int)Math.Min(_ensemble.Input.IsPixels ? PixelSteps : VectorSteps, Planned(environmentSteps) - Step);
        if (pairs.Length == 0 || due <= 0)
            return false;

        lock (_lock)
        {
            _moments.GiveTo(_ensemble);
            Report = _fitter.Fit(pairs, due, cancellation);
            Publish();
        }

        return true;
    }

    /// <summary>Writes everything into a directory.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="scale">By which the policy's rewards were last scaled: the model is no reward without it.</param>
    public void Save(string directory, RewardScale scale)
    {
        lock (_lock)
        {
            _ensemble.Scale = scale;
            _ensemble.Save(directory);
            _fitter.Save(directory);
            ControlFiles.WriteJson(Path.Combine(directory, StateFile), _moments.Capture());
        }
    }

    /// <exception cref="DataFormatException">Not the state of such a run.</exception>
    public void Load(string directory)
    {
        lock (_lock)
        {
            _ensemble.Load(directory);
            _fitter.Load(directory);
            string path = Path.Combine(directory, StateFile);
            _moments.Restore(ControlFiles.ReadJson<RunningMoments.State>(path, "moments of the inputs"), path);
            Publish();
        }
    }

    public void Dispose()
    {
        _fitter.Dispose();
        _ensemble.Dispose();
    }

    private void Publish()
    {
        Regularization = _fitter.Regularization.Average();
        Collapses = _fitter.Collapses;
        _exchange.Publish(_ensemble);
    }
}
