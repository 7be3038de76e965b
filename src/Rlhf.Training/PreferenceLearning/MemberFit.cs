namespace Rlhf.Training.PreferenceLearning;

/// <summary>What the fitter knows of one member: sums over a call and over a window, its L2, and whether it still lives.</summary>
internal sealed class MemberFit(FitOptions options)
{
    // A task may be truly unpredictable: each restart makes the next one twice as patient.
    private const int FirstPatience = 4;
    private double _squares, _pairs, _decisive;
    private int _windows;

    public AdaptiveRegularization Regularization { get; } = new(options.Regularization);

    public int Restarts { get; set; }

    public double TrainLoss { get; private set; }

    public double TrainWeight { get; private set; }

    public double ValidationLoss { get; private set; }

    public double ValidationWeight { get; private set; }

    public double GradNorm { get; set; }

    public PairAccuracy TrainAccuracy { get; private set; }

    public PairAccuracy ValidationAccuracy { get; private set; }

    /// <summary>Pairs of the minibatch that the member trains on, each as often as it is in its bag.</summary>
    public double BatchWeight { get; private set; }

    private double BatchTrainLoss { get; set; }

    private double BatchValidationLoss { get; set; }

    private double BatchValidationWeight { get; set; }

    public void BeginCall() =>
        (TrainLoss, TrainWeight, ValidationLoss, ValidationWeight, GradNorm, TrainAccuracy, ValidationAccuracy) = (0, 0, 0, 0, 0, default, default);

    public void BeginBatch() => (BatchTrainLoss, BatchWeight, BatchValidationLoss, BatchValidationWeight) = (0, 0, 0, 0);

    public void Add(LabelledPair pair, int count, double loss, double difference)
    {
        _squares += difference * difference;
        _pairs++;
        _decisive += pair.IsDecisive ? 1 : 0;
        if (count > 0)
        {
            BatchTrainLoss += count * loss;
            BatchWeight += count;
            TrainAccuracy = TrainAccuracy.With(difference, pair.FirstWeight, count);
        }
        else
        {
            BatchValidationLoss += loss;
            BatchValidationWeight++;
            ValidationAccuracy = ValidationAccuracy.With(difference, pair.FirstWeight);
        }
    }

    /// <summary>Closes a minibatch.</summary>
    /// <returns>Whether the member has to start over.</returns>
    public bool EndBatch()
    {
        TrainLoss += BatchTrainLoss;
        TrainWeight += BatchWeight;
        ValidationLoss += BatchValidationLoss;
        ValidationWeight += BatchValidationWeight;
        if (!Regularization.Observe(BatchTrainLoss, BatchWeight, BatchValidationLoss, BatchValidationWeight))
            return false;

        // Where nearly all answers are ties, differences near 0 are right.
        bool flat = Math.Sqrt(_squares / _pairs) < options.CollapseMargin && _decisive > 0.1 * _pairs;
        (_squares, _pairs, _decisive) = (0, 0, 0);
        if (++_windows < FirstPatience << Math.Min(Restarts, 16) || !flat)
            return false;
        (_windows, Restarts) = (0, Restarts + 1);
        Regularization.Reset();
        return true;
    }
}
