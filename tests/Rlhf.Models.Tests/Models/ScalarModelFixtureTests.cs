using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Tests.Models;

[TestFixtureSource(typeof(ModelFixture), nameof(ModelFixture.RewardCases))]
public sealed class ScalarModelFixtureTests(string name) : IDisposable
{
    private readonly ModelFixture _fixture = new(name);
    private ScalarModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = ScalarModel.Load(_fixture.Checkpoint);

    [OneTimeTearDown]
    public void Dispose()
    {
        _model?.Dispose();
        _fixture.Dispose();
    }

    [TestCase("rm")]
    [TestCase("rml")]
    public void PooledRewards_MatchSequenceClassification_WithPositionsByColumn(string side)
    {
        TokenBatch batch = Batch(side);
        Assert.That(Close.Worst(Scores(batch, LastTokens(batch)), _fixture.Tensors.ReadSingle($"{side}_rewards"), 1e-4, 5e-4), Is.Null);
    }

    [Test]
    public void TokenRewards_MatchTheReference_AtEveryRealToken()
    {
        TokenBatch batch = Batch("rm");
        ReadOnlyView<byte> mask = batch.Mask;
        Assert.That(
            Close.Worst(Scores(batch, default), _fixture.Tensors.ReadSingle("rm_token_rewards"), 1e-4, 5e-4, i => mask[i / mask.Cols, i % mask.Cols] != 0), Is.Null);
    }

    [Test]
    public void TrlGetReward_MatchesTheReference_WithPaddingOnBothSides()
    {
        View<int> ids = _fixture.Ints("trl_query_responses");
        byte[] mask = new byte[ids.Count];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = ids[i / ids.Cols, i % ids.Cols] == _fixture.Pad ? (byte)0 : (byte)1;
        View<byte> real = _fixture.Own(mask, ids.Rows, ids.Cols);
        View<int> positions = _fixture.Own(new int[mask.Length], ids.Rows, ids.Cols);
        PositionIds.ExclusiveCumsum(real, positions);
        TokenBatch batch = new() { InputIds = ids, Mask = real, Positions = positions };
        Assert.Multiple(() =>
        {
            Assert.That(Close.Worst(Scores(batch, default), _fixture.Tensors.ReadSingle("trl_reward_logits"), 1e-4, 5e-4, i => mask[i] != 0), Is.Null);
            Assert.That(Close.Worst(Scores(batch, LastTokens(batch)), _fixture.Tensors.ReadSingle("trl_final_rewards"), 1e-4, 5e-4), Is.Null);
        });
    }

    [Test]
    public void AllGradients_MatchTheReference_ForAWeightedSumOfPooledRewards()
    {
        float[] weights = [.. _fixture.Arguments.GetProperty("grad_weights").EnumerateArray().Select(value => value.GetSingle())];
        TokenBatch batch = Batch("rm");
        Transformer transformer = _model.Transformer;
        transformer.ZeroGradients();
        _model.Forward(batch, LastTokens(batch), _fixture.Own(new float[5], 5), keep: true);
        _model.Backward(_fixture.Own(weights, 5));
        Assert.Multiple(() =>
        {
            foreach (Parameter parameter in transformer.Parameters)
            {
                double[] actual = Close.Doubles(transformer.Gradient(parameter));
                float[] expected = _fixture.Tensors.ReadSingle($"grad:{parameter.Name}");
                // The case's tolerance: element by element, or relative L2 below 1e-4.
                double error = Math.Sqrt(actual.Zip(expected, (a, e) => (a - e) * (a - e)).Sum() / expected.Sum(e => (double)e * e));
                Assert.That(error < 1e-4 || Close.Worst(actual, expected, 1e-3, 1e-5) is null, $"{parameter.Name}: relative error {error:g3}");
            }
        });
    }

    private TokenBatch Batch(string side) => new() { InputIds = _fixture.Ints($"{side}_input_ids"), Mask = _fixture.Mask($"{side}_attention_mask") };

    private View<int> LastTokens(in TokenBatch batch)
    {
        View<int> rows = _fixture.Own(new int[batch.Batch], batch.Batch);
        ScalarModel.LastTokenRows(batch.InputIds, _fixture.Pad, rows);
        return rows;
    }

    private double[] Scores(in TokenBatch batch, ReadOnlyView<int> rows)
    {
        int count = rows.IsEmpty ? batch.Batch * batch.Length : rows.Rows;
        View<float> scores = _fixture.Own(new float[count], count);
        _model.Forward(batch, rows, scores);
        return Close.Doubles(scores);
    }
}
