using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

/// <summary>The post-rollout computation against recordings of TRL's own.</summary>
[TestFixtureSource(typeof(TrlFixture), nameof(TrlFixture.Cases))]
internal sealed class TrlReplayTests(string name)
{
    private const double Relative = 2e-5, Absolute = 2e-6;
    private TrlFixture _trl = null!;
    private RolloutBatch _batch = null!;
    private CpuKernels _kernels = null!;

    [SetUp]
    public void Load()
    {
        _trl = new TrlFixture(name);
        _batch = _trl.Rollout();
        _kernels = new CpuKernels(threads: 1);
    }

    [TearDown]
    public void Free()
    {
        _batch.Dispose();
        _trl.Dispose();
        _kernels.Dispose();
    }

    [Test]
    public void Rewards_MatchTrl()
    {
        Shape();
        using (Assert.EnterMultipleScope())
        {
            Expect(_batch.Scores, "scores_raw");
            Expect(_batch.FinalScores, "scores");
            Expect(_batch.Kl, "kl");
            Expect(_batch.ShapedRewards, "rewards_raw");
        }
    }

    [Test]
    public void Advantages_MatchTrl()
    {
        Shape();
        Estimate();
        using (Assert.EnterMultipleScope())
        {
            Expect(_batch.Rewards, "rewards");
            Expect(_batch.RawAdvantages, "advantages_raw");
            Expect(_batch.Returns, "returns");
            Expect(_batch.Advantages, "advantages");
        }
    }

    [Test]
    public void MicroBatches_HaveTrlsLossesAndStatistics()
    {
        Shape();
        Estimate();
        var update = new UpdateStatistics(MetricConvention.Trl);
        for (int step = 0; step < _trl.MicroBatches; step++)
            update.Add(MicroBatch(step));

        using (Assert.EnterMultipleScope())
        {
            for (int step = 0; step < _trl.MicroBatches; step++)
            {
                MicroBatchStatistics micro = update.MicroBatches[step];
                double loss = micro.Policy.Loss + (_trl.Single("vf_coef") * micro.Value.Loss);
                Close(loss, _trl.MicroMetric(step, "loss"), "loss");
                Close(micro.Policy.Loss, _trl.MicroMetric(step, "pg_loss"), "pg_loss");
                Close(micro.Value.Loss, _trl.MicroMetric(step, "vf_loss"), "vf_loss");
                Close(micro.Policy.ClipFraction, _trl.MicroMetric(step, "pg_clipfrac"), "pg_clipfrac");
                Close(micro.Value.ClipFraction, _trl.MicroMetric(step, "vf_clipfrac"), "vf_clipfrac");
                Close(micro.ApproxKl(MetricConvention.Trl), _trl.MicroMetric(step, "approxkl"), "approxkl");
                Close(micro.Ratio(MetricConvention.Trl), _trl.MicroMetric(step, "ratio_mean"), "ratio_mean");
                Close(micro.Entropy(MetricConvention.Trl), _trl.MicroMetric(step, "entropy_mean"), "entropy_mean");
            }

            Close(update.ApproxKl, _trl.Metric("policy/approxkl_avg"), "policy/approxkl_avg");
            Close(update.PolicyClipFraction, _trl.Metric("policy/clipfrac_avg"), "policy/clipfrac_avg");
            Close(update.PolicyLoss, _trl.Metric("loss/policy_avg"), "loss/policy_avg");
            Close(update.ValueLoss, _trl.Metric("loss/value_avg"), "loss/value_avg");
            Close(update.ValueClipFraction, _trl.Metric("val/clipfrac_avg"), "val/clipfrac_avg");
            Close(update.Entropy, _trl.Metric("policy/entropy_avg"), "policy/entropy_avg");
            Close(update.Ratio, _trl.Metric("val/ratio"), "val/ratio");
            Close(update.RatioVariance, _trl.Metric("val/ratio_var"), "val/ratio_var");
        }
    }

    [Test]
    public void Objectives_MatchTrlsLog()
    {
        Shape();
        Estimate();
        RolloutStatistics rollout = RolloutStatistics.Of(_batch, _trl.Single("kl_coef"), MetricConvention.Trl);
        using (Assert.EnterMultipleScope())
        {
            Close(rollout.Kl, _trl.Metric("objective/kl"), "objective/kl");
            Close(rollout.Entropy, _trl.Metric("objective/entropy"), "objective/entropy");
            Close(rollout.NonScoreReward, _trl.Metric("objective/non_score_reward"), "objective/non_score_reward");
            Close(rollout.RlhfReward, _trl.Metric("objective/rlhf_reward"), "objective/rlhf_reward");
            Close(rollout.Scores, _trl.Metric("objective/scores"), "objective/scores");
        }
    }

    private void Shape() => RewardShaping.Apply(
        _kernels,
        _batch,
        _trl.Single("kl_coef"),
        Enum.Parse<KlEstimator>(_trl.Argument("kl_estimator").GetString()!, ignoreCase: true),
        _trl.MissingEosPenalty,
        PpoConventions.Trl);

    private void Estimate() => AdvantageEstimation.Apply(
        _kernels,
        _batch,
        _trl.Single("gamma"),
        _trl.Single("lam"),
        _trl.Argument("whiten_rewards").GetBoolean(),
        PpoConventions.Trl);

    private MicroBatchStatistics MicroBatch(int step)
    {
        int[] rows = _trl.Integers($"step{step}.indices");
        using var micro = new RolloutBatch(rows.Length, _trl.Time);
        _batch.Gather(rows, micro);
        using Pinned<float> logprobs = Pinned.Of(_trl.Floats($"step{step}.new_logprobs"), rows.Length, _trl.Time);
        using Pinned<float> values = Pinned.Zeros<float>(rows.Length, _trl.Time);
        float[] allValues = _trl.Floats("new_values");
        for (int i = 0; i < rows.Length; i++)
            allValues.AsSpan(rows[i] * _trl.Time, _trl.Time).CopyTo(values.Span[(i * _trl.Time)..]);

        using Pinned<float> policyStats = Pinned.Zeros<float>(PpoClipStats.Length);
        using Pinned<float> valueStats = Pinned.Zeros<float>(ValueClipStats.Length);
        using Pinned<float> gradValues = Pinned.Zeros<float>(rows.Length, _trl.Time);
        _kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = logprobs,
            OldLogprobs = micro.Logprobs,
            Advantages = micro.Advantages,
            Mask = micro.Mask,
            Options = new PpoClipOptions { ClipLow = _trl.Single("cliprange"), ClipHigh = _trl.Single("cliprange") },
            Normalizer = Count(micro.Mask),
            Stats = policyStats,
        });
        _kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = values,
            OldValues = micro.Values,
            Returns = micro.Returns,
            Mask = micro.ValueMask,
            ClipRange = _trl.Single("cliprange_value"),
            Normalizer = Count(micro.ValueMask),
            GradValues = gradValues,
            Stats = valueStats,
        });
        double[] expected = _trl.Doubles($"step{step}.grad_new_values");
        double scale = _trl.Single("vf_coef");
        for (int i = 0; i < expected.Length; i++)
            Close(scale * gradValues.Span[i], expected[i], $"grad_new_values[{i}]");

        return new MicroBatchStatistics(
            PpoClipStats.Read(policyStats),
            ValueClipStats.Read(valueStats),
            (long)rows.Length * _trl.Time,
            MicroBatchStatistics.SumOfSquaredRatios(logprobs, micro.Logprobs, micro.Mask),
            _trl.Doubles($"step{step}.entropy").Sum());
    }

    private static float Count(View<byte> mask) => TrlFixture.ToArray(mask).Sum(m => m);

    private void Expect(View<float> actual, string tensor)
    {
        double[] expected = _trl.Doubles(tensor);
        float[] got = TrlFixture.ToArray(actual);
        for (int i = 0; i < expected.Length; i++)
            Close(got[i], expected[i], $"{tensor}[{i}]");
    }

    private static void Close(double actual, double expected, string what)
    {
        if (double.IsNaN(expected))
            Assert.That(actual, Is.NaN, what);
        else
            Assert.That(actual, Is.EqualTo(expected).Within(Absolute + (Relative * Math.Abs(expected))), what);
    }
}
