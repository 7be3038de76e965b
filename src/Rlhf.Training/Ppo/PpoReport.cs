using Rlhf.Kernels.Memory;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.Ppo;

/// <summary>What an update is logged with.</summary>
internal sealed class PpoReport(PpoConfig config)
{
    private readonly PhaseClock _sinceStart = new();
    private long _episodes;

    /// <summary>The metrics of an update, under the names of <see cref="MetricNames"/>.</summary>
    public OrderedDictionary<string, double> Metrics(
        int update,
        Rollout rollout,
        RolloutStatistics objective,
        OptimizationResult result,
        double klCoef,
        double learningRate,
        PhaseClock clock)
    {
        UpdateStatistics statistics = result.Statistics;
        _episodes += config.BatchSize;
        var metrics = new OrderedDictionary<string, double>
        {
            [MetricNames.EpisodesPerSecond] = _episodes / _sinceStart.Total,
            [MetricNames.Kl] = objective.Kl,
            [MetricNames.Entropy] = objective.Entropy,
            [MetricNames.NonScoreReward] = objective.NonScoreReward,
            [MetricNames.RlhfReward] = objective.RlhfReward,
            [MetricNames.Scores] = objective.Scores,
            [MetricNames.ScoresStd] = objective.ScoresStd,
            [MetricNames.KlCoef] = klCoef,
            [MetricNames.ApproxKl] = statistics.ApproxKl,
            [MetricNames.PolicyClipFraction] = statistics.PolicyClipFraction,
            [MetricNames.PolicyLoss] = statistics.PolicyLoss,
            [MetricNames.ValueLoss] = statistics.ValueLoss,
            [MetricNames.ValueClipFraction] = statistics.ValueClipFraction,
            [MetricNames.PolicyEntropy] = statistics.Entropy,
            [MetricNames.Ratio] = statistics.Ratio,
            [MetricNames.RatioVariance] = statistics.RatioVariance,
            [MetricNames.RatioMax] = statistics.RatioMax,
            [MetricNames.RatioDrift] = result.RatioDrift,
            [MetricNames.EosTokens] = rollout.EosTokens,
            [MetricNames.ExplainedVariance] = objective.ExplainedVariance,
            [MetricNames.PolicyGradNorm] = result.PerStep(result.PolicyGradNorm),
            [MetricNames.ValueGradNorm] = result.PerStep(result.ValueGradNorm),
            [MetricNames.OptimizerSteps] = result.Steps,
            [MetricNames.ResponseLength] = objective.ResponseLength,
            [MetricNames.TruncatedShare] = 1 - objective.EosShare,
            [MetricNames.DistinctShare] = DistinctShare(rollout),
            [MetricNames.ScoreLengthCorrelation] = objective.ScoreLengthCorrelation,
            [MetricNames.KlMax] = Enumerable.Range(0, rollout.Batch.Batch).Max(row => ResponseKl(rollout.Batch, row)),
            [MetricNames.LearningRate] = learningRate,
            [MetricNames.Episode] = (long)update * config.BatchSize,
        };
        if (config.PtxCoef > 0)
            metrics[MetricNames.PretrainingLoss] = result.PerStep(result.PretrainingLoss);
        metrics[MetricNames.TokensPerSecond] = objective.ResponseLength * config.BatchSize / clock.Total;
        foreach ((string phase, double seconds) in clock.Seconds)
            metrics[phase] = seconds;
        metrics[MetricNames.TimeUpdate] = clock.Total;
        return metrics;
    }

    /// <summary>Half of them the first completions, half those with the largest KL.</summary>
    public static List<CompletionSample> Notable(Rollout rollout, int count)
    {
        IEnumerable<int> rows = Enumerable.Range(0, rollout.Batch.Batch);
        IEnumerable<int> far = rows.OrderByDescending(row => ResponseKl(rollout.Batch, row)).Take(count / 2);
        return [.. far.Union(rows).Take(count).Order().Select(row =>
            Sample(rollout.Completions[row], rollout.Batch.FinalScores[row], ResponseKl(rollout.Batch, row)))];
    }

    /// <summary>A completion as a row of a log.</summary>
    public static CompletionSample Sample(Completion completion, double score, double kl) => new(
        completion.PromptText, completion.ResponseText, score, kl, completion.PromptTokens, completion.ResponseTokens);

    private static double ResponseKl(RolloutBatch batch, int row)
    {
        View<float> kl = batch.Kl;
        double sum = 0;
        for (int t = 0; t < batch.Lengths[row]; t++)
            sum += kl[row, t];
        return sum;
    }

    private static double DistinctShare(Rollout rollout)
    {
        int tokens = rollout.Completions.Sum(completion => completion.ResponseTokens.Length);
        return tokens == 0 ? 0 : rollout.Completions.SelectMany(completion => completion.ResponseTokens).Distinct().Count() / (double)tokens;
    }
}
