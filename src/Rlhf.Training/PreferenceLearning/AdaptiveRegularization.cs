namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// One member's L2 coefficient. Losses are means over a fresh window: neither the sizes of the two sets nor what the network was a thousand
/// steps ago enter the ratio.
/// </summary>
/// <param name="options">Settings.</param>
public sealed class AdaptiveRegularization(RegularizationOptions options)
{
    private double _trainLoss, _trainWeight, _validationLoss, _validationWeight;
    private int _steps;

    /// <summary>λ; 0 when switched off.</summary>
    public double Coefficient { get; private set; } = options.Enabled ? options.Initial : 0;

    /// <summary>Mean training loss of the last full window; NaN before.</summary>
    public double TrainLoss { get; private set; } = double.NaN;

    /// <summary>Mean validation loss of the last full window; NaN before, or when the window had no validation pair.</summary>
    public double ValidationLoss { get; private set; } = double.NaN;

    /// <summary>Validation over training loss of the last full window.</summary>
    public double Ratio => ValidationLoss / TrainLoss;

    /// <summary>Adds one minibatch: sums of weighted losses, and sums of weights.</summary>
    /// <returns>Whether this closed a window (and moved λ, if it had to).</returns>
    public bool Observe(double trainLoss, double trainWeight, double validationLoss, double validationWeight)
    {
        _trainLoss += trainLoss;
        _trainWeight += trainWeight;
        _validationLoss += validationLoss;
        _validationWeight += validationWeight;
        if (++_steps < options.WindowSteps)
            return false;

        TrainLoss = _trainWeight > 0 ? _trainLoss / _trainWeight : double.NaN;
        ValidationLoss = _validationWeight > 0 ? _validationLoss / _validationWeight : double.NaN;
        (_trainLoss, _trainWeight, _validationLoss, _validationWeight, _steps) = (0, 0, 0, 0, 0);
        Move();
        return true;
    }

    /// <summary>Starts over, for a member that starts over.</summary>
    public void Reset() => Restore(options.Enabled ? options.Initial : 0);

    /// <summary>Continues with a coefficient from a checkpoint, in a fresh window.</summary>
    public void Restore(double coefficient)
    {
        Coefficient = options.Enabled ? Math.Clamp(coefficient, options.Minimum, options.Maximum) : 0;
        (TrainLoss, ValidationLoss) = (double.NaN, double.NaN);
        (_trainLoss, _trainWeight, _validationLoss, _validationWeight, _steps) = (0, 0, 0, 0, 0);
    }

    private void Move()
    {
        if (!options.Enabled)
            return;
        if (Ratio > options.HighRatio)
            Coefficient = Math.Min(options.Maximum, Coefficient * options.Factor);
        else if (Ratio < options.LowRatio)
            Coefficient = Math.Max(options.Minimum, Coefficient / options.Factor);
    }
}
