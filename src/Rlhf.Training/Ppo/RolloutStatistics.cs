namespace Rlhf.Training.Ppo;

/// <summary>What a rollout is logged with (TRL's <c>objective/*</c>): sums over tokens, means over responses.</summary>
/// <param name="Kl">Mean over responses of the summed KL estimate: what an adaptive controller steers.</param>
/// <param name="Entropy">Mean over responses of −Σ log-prob of the sampled tokens.</param>
/// <param name="NonScoreReward">Mean over responses of −β·KL.</param>
/// <param name="Scores">Mean score after normalisation and the missing-EOS rule.</param>
/// <param name="ScoresStd">Standard deviation of the score over responses.</param>
/// <param name="ResponseLength">Mean number of real tokens.</param>
/// <param name="EosShare">Share of responses that pass the EOS test.</param>
/// <param name="ScoreLengthCorrelation">Correlation of score and length over the responses: near ±1 the policy may be gaming length.</param>
/// <param name="ExplainedVariance">1 − Var(return − value) / Var(return) over trained values.</param>
public readonly record struct RolloutStatistics(
    double Kl,
    double Entropy,
    double NonScoreReward,
    double Scores,
    double ScoresStd,
    double ResponseLength,
    double EosShare,
    double ScoreLengthCorrelation,
    double ExplainedVariance)
{
    /// <summary>Mean score plus the KL term: what PPO maximises.</summary>
    public double RlhfReward => Scores + NonScoreReward;

    /// <summary>The statistics of a rollout whose rewards and returns are computed.</summary>
    public static RolloutStatistics Of(RolloutBatch batch, double klCoef, MetricConvention convention)
    {
        double kl = 0, negativeLogprob = 0, scores = 0, length = 0, eos = 0;
        var scoreMoments = default(Moments);
        var errors = default(Moments);
        var returns = default(Moments);
        for (int b = 0; b < batch.Batch; b++)
        {
            int tokens = batch.Lengths[b];
            for (int t = 0; t < batch.Time; t++)
            {
                if (batch.Mask[b, t] != 0)
                {
                    kl += batch.Kl[b, t];
                    negativeLogprob -= batch.Logprobs[b, t];
                }

                if (batch.ValueMask[b, t] != 0)
                {
                    errors.Add(batch.Returns[b, t] - batch.Values[b, t], 0);
                    returns.Add(batch.Returns[b, t], 0);
                }
            }

            // TRL's sentinel log-prob of 1.0 at padding is summed as well.
            if (convention == MetricConvention.Trl)
                negativeLogprob -= batch.Time - tokens;

            scores += batch.FinalScores[b];
            length += tokens;
            eos += batch.HasEos[b];
            scoreMoments.Add(batch.FinalScores[b], tokens);
        }

        double n = Math.Max(1, batch.Batch);
        return new RolloutStatistics(
            kl / n,
            negativeLogprob / n,
            -klCoef * kl / n,
            scores / n,
            Math.Sqrt(scoreMoments.VarianceX),
            length / n,
            eos / n,
            scoreMoments.Correlation,
            returns.VarianceX > 0 ? 1 - (errors.VarianceX / returns.VarianceX) : 0);
    }

    /// <summary>Sums of two paired variables.</summary>
    private struct Moments
    {
        private double _n, _x, _y, _xx, _yy, _xy;

        public readonly double VarianceX => _n > 0 ? Math.Max(0, (_xx / _n) - (_x / _n * (_x / _n))) : 0;

        public readonly double Correlation
        {
            get
            {
                double varianceY = _n > 0 ? (_yy / _n) - (_y / _n * (_y / _n)) : 0;
                double product = VarianceX * varianceY;
                return product > 1e-12 ? ((_xy / _n) - (_x / _n * (_y / _n))) / Math.Sqrt(product) : 0;
            }
        }

        public void Add(double x, double y)
        {
            _n++;
            _x += x;
            _y += y;
            _xx += x * x;
            _yy += y * y;
            _xy += x * y;
        }
    }
}
