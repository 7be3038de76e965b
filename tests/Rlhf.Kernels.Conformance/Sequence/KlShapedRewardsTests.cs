using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.KlShapedRewards;

namespace Rlhf.Kernels.Conformance.Sequence;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class KlShapedRewardsTests(IKernels kernels)
{
    [Test]
    public void Rewards_MatchReference(
        [Values(1, 2, 15, 17, 53, 129)] int cols,
        [Values(KlEstimator.K1, KlEstimator.K3)] KlEstimator estimator,
        [Values] ScorePlacement placement,
        [Values] MissingEosRule rule,
        [Values(0f, 1.5f)] float penalty)
    {
        const int Rows = 6;
        float[] reference = Data.Normal(1, Rows * cols, mean: -2), scores = Data.Normal(3, Rows);
        float[] logprobs = [.. reference.Zip(Data.Normal(2, Rows * cols, 0.3), (r, d) => r + d)];
        int[] lengths = [0, 1, cols / 2, cols - 1, cols, Math.Min(7, cols)];
        byte[] hasEos = [0, 1, 0, 1, 0, 1];

        // What follows the last token must not matter.
        for (int row = 0; row < Rows; row++)
        {
            logprobs.AsSpan((row * cols) + lengths[row], cols - lengths[row]).Fill(float.NaN);
        }

        using var lp = Pinned.Of(logprobs, Rows, cols);
        using var refLp = Pinned.Pitched(reference, Rows, cols, cols + 2, float.NaN);
        using var n = Pinned.Of(lengths);
        using var s = Pinned.Of(scores);
        using var eos = Pinned.Of(hasEos);
        using var rewards = Pinned.Pitched(new float[Rows * cols], Rows, cols, cols + 3, 7f);
        using var kl = Pinned.Zeros<float>(Rows, cols);
        using var final = Pinned.Zeros<float>(Rows);
        kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = lp, RefLogprobs = refLp, Lengths = n, Scores = s, HasEos = eos, MissingEosPenalty = penalty, MissingEos = rule,
            KlCoef = 0.05f, Estimator = estimator, Placement = placement, Rewards = rewards, Kl = kl, FinalScores = final,
        });
        var expected = Oracle.Compute(
            Data.Doubles(logprobs), Data.Doubles(reference), lengths, Data.Doubles(scores), Data.Booleans(hasEos), penalty, rule, 0.05f, estimator, placement);
        Expect.Close("KlShapedRewards", "rewards", rewards.Dense(), expected.Rewards);
        Expect.Close("KlShapedRewards", "kl", kl.Dense(), expected.Kl);
        Expect.Close("KlShapedRewards", "scores", final.Dense(), expected.FinalScores);
        Expect.PadsUntouched(rewards, 7f);
    }

    [Test]
    public void FinalScores_MayBeTheMemoryOfScores([Values] ScorePlacement placement)
    {
        // Long enough for several threads to share a row: none may see a score that another has replaced.
        const int Rows = 3, Cols = 700;
        float[] logprobs = Data.Normal(1, Rows * Cols, mean: -2), scores = [1f, -2f, 3f];
        int[] lengths = [650, 700, 5];
        using var lp = Pinned.Of(logprobs, Rows, Cols);
        using var n = Pinned.Of(lengths);
        using var s = Pinned.Of(scores);
        using var eos = Pinned.Of(new byte[Rows]);
        using var rewards = Pinned.Zeros<float>(Rows, Cols);
        kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = lp, RefLogprobs = lp, Lengths = n, Scores = s, HasEos = eos, MissingEosPenalty = 1.5f, KlCoef = 0.05f,
            Estimator = KlEstimator.K1, Placement = placement, Rewards = rewards, FinalScores = s,
        });
        var expected = Oracle.Compute(
            Data.Doubles(logprobs), Data.Doubles(logprobs), lengths, Data.Doubles(scores), new bool[Rows], 1.5, default, 0.05, KlEstimator.K1, placement);
        Expect.Close("KlShapedRewards", "rewards", rewards.Dense(), expected.Rewards);
        Expect.Close("KlShapedRewards", "scores", s.Dense(), expected.FinalScores);
    }

    [TestCase(ScorePlacement.LastToken, 2, 1)]
    [TestCase(ScorePlacement.AfterLastToken, 2, 2)]
    [TestCase(ScorePlacement.LastToken, 4, 3)]
    [TestCase(ScorePlacement.AfterLastToken, 4, 3)]
    [TestCase(ScorePlacement.LastToken, 0, 0)]
    [TestCase(ScorePlacement.AfterLastToken, 0, 0)]
    public void Score_StandsAtItsPosition(ScorePlacement placement, int length, int position)
    {
        float[] expected = new float[4];
        expected[position] = 3f;
        Assert.That(Rewards(length, placement, 0f, MissingEosRule.Subtract), Is.EqualTo(expected));
    }

    [TestCase(MissingEosRule.Subtract, 2f)]
    [TestCase(MissingEosRule.Replace, -1f)]
    public void MissingEos_CostsByItsRule(MissingEosRule rule, float score) =>
        Assert.That(Rewards(4, ScorePlacement.LastToken, 1f, rule)[3], Is.EqualTo(score));

    [Test]
    public void NoPenalty_IsNoPenalty_WhereK3Overflows()
    {
        using var lp = Pinned.Of([-1e4f], 1, 1);
        using var refLp = Pinned.Of([0f], 1, 1);
        using var n = Pinned.Of([1]);
        using var s = Pinned.Of([3f]);
        using var rewards = Pinned.Zeros<float>(1, 1);
        kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = lp, RefLogprobs = refLp, Lengths = n, Scores = s, KlCoef = 0f, Estimator = KlEstimator.K3,
            Placement = ScorePlacement.LastToken, Rewards = rewards,
        });
        Assert.That(rewards.Span[0], Is.EqualTo(3f));
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using var lp = Pinned.Zeros<float>(1, 4);
        using var n = Pinned.Of([5]);
        using var s = Pinned.Zeros<float>(1);
        var args = new KlShapedRewardsArgs
        {
            Logprobs = lp, RefLogprobs = lp, Lengths = n, Scores = s, KlCoef = 0.1f, Estimator = KlEstimator.K1,
            Placement = ScorePlacement.LastToken, Rewards = lp,
        };
        Assert.That(() => kernels.KlShapedRewards(args), Throws.ArgumentException.With.Message.EqualTo("Lengths[0] is 5, expected 0 to 4"));
        Assert.That(
            () => kernels.KlShapedRewards(args with { MissingEosPenalty = 1f }),
            Throws.ArgumentException.With.Message.EqualTo("HasEos is missing, expected with a MissingEosPenalty"));
    }

    private float[] Rewards(int length, ScorePlacement placement, float penalty, MissingEosRule rule)
    {
        using var lp = Pinned.Zeros<float>(1, 4);
        using var n = Pinned.Of([length]);
        using var s = Pinned.Of([3f]);
        using var eos = Pinned.Of<byte>([0]);
        using var rewards = Pinned.Of([9f, 9f, 9f, 9f], 1, 4);
        kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = lp, RefLogprobs = lp, Lengths = n, Scores = s, HasEos = penalty == 0 ? default(ReadOnlyView<byte>) : eos,
            MissingEosPenalty = penalty, MissingEos = rule, KlCoef = 0.1f, Estimator = KlEstimator.K1, Placement = placement, Rewards = rewards,
        });
        return rewards.Dense();
    }
}
