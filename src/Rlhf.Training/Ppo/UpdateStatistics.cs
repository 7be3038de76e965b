using Rlhf.Kernels.Policy;

namespace Rlhf.Training.Ppo;

/// <summary>What the optimisation of one rollout is logged with: all its micro-batches, under one convention.</summary>
public sealed class UpdateStatistics(MetricConvention convention)
{
    private readonly List<MicroBatchStatistics> _micro = [];
    private int _miniBatches;

    /// <summary>Micro-batches so far.</summary>
    public IReadOnlyList<MicroBatchStatistics> MicroBatches => _micro;

    /// <summary>Largest ratio seen.</summary>
    public double RatioMax => _micro.Count == 0 ? 1 : _micro.Max(m => m.Policy.RatioMax);

    /// <summary>Mean policy loss: of mini-batches, or of micro-batches as TRL has it.</summary>
    public double PolicyLoss => LossMean(m => m.Policy.Loss);

    /// <summary>Mean value loss, likewise.</summary>
    public double ValueLoss => LossMean(m => m.Value.Loss);

    /// <summary>½ (new − old)², averaged.</summary>
    public double ApproxKl => Mean(m => m.ApproxKl(convention), m => m.Policy.ApproxKl, m => m.Policy.Count);

    /// <summary>Share of tokens whose clipped branch was taken.</summary>
    public double PolicyClipFraction => Mean(m => m.Policy.ClipFraction, m => m.Policy.Clipped, m => m.Policy.Count);

    /// <summary>Share of values whose clipped branch was taken.</summary>
    public double ValueClipFraction => Mean(m => m.Value.ClipFraction, m => m.Value.Clipped, m => m.Value.Count);

    /// <summary>Entropy of the policy, averaged.</summary>
    public double Entropy => Mean(m => m.Entropy(convention), m => m.Policy.Entropy, m => m.Policy.Count);

    /// <summary>Ratio, averaged.</summary>
    public double Ratio => Mean(m => m.Ratio(convention), m => m.Policy.RatioSum, m => m.Policy.Count);

    /// <summary>
    /// Variance of the ratio over real tokens; in TRL's convention the unbiased variance of micro-batch means, NaN for a single one.
    /// </summary>
    public double RatioVariance
    {
        get
        {
            if (convention == MetricConvention.Masked)
                return Math.Max(0, Pooled(m => m.RatioSquares, m => m.Policy.Count) - (Ratio * Ratio));

            double mean = Ratio;
            return _micro.Sum(m => Math.Pow(m.Ratio(convention) - mean, 2)) / (_micro.Count == 1 ? double.NaN : _micro.Count - 1);
        }
    }

    /// <summary>Adds a micro-batch.</summary>
    public void Add(MicroBatchStatistics micro) => _micro.Add(micro);

    /// <summary>Closes a mini-batch.</summary>
    public void EndMiniBatch() => _miniBatches++;

    /// <summary>Policy statistics of the micro-batches from one on, together.</summary>
    public PpoClipStats PolicySince(int firstMicroBatch) =>
        _micro.Skip(firstMicroBatch).Aggregate(default(PpoClipStats), (sum, m) => sum + m.Policy);

    private double LossMean(Func<MicroBatchStatistics, double> loss)
    {
        int count = convention == MetricConvention.Trl ? _micro.Count : _miniBatches;
        return _micro.Sum(loss) / Math.Max(1, count);
    }

    private double Mean(
        Func<MicroBatchStatistics, double> mean, Func<MicroBatchStatistics, double> sum, Func<MicroBatchStatistics, double> count) =>
        convention == MetricConvention.Trl ? (_micro.Count == 0 ? 0 : _micro.Average(mean)) : Pooled(sum, count);

    private double Pooled(Func<MicroBatchStatistics, double> sum, Func<MicroBatchStatistics, double> count)
    {
        double total = _micro.Sum(count);
        return total > 0 ? _micro.Sum(sum) / total : 0;
    }
}
