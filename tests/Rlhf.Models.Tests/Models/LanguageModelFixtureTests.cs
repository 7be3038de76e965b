using Rlhf.Kernels.Memory;
using Rlhf.Models.Generation;

namespace Rlhf.Models.Tests.Models;

[TestFixtureSource(typeof(ModelFixture), nameof(ModelFixture.LanguageCases))]
public sealed class LanguageModelFixtureTests(string name) : IDisposable
{
    private readonly ModelFixture _fixture = new(name);
    private LanguageModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = LanguageModel.Load(_fixture.Checkpoint);

    [OneTimeTearDown]
    public void Dispose()
    {
        _model?.Dispose();
        _fixture.Dispose();
    }

    [Test]
    public void HiddenStates_MatchTheReference_AtRealTokensOfALeftPaddedBatch()
    {
        TokenBatch batch = _fixture.PaddedBatch();
        ReadOnlyView<float> hidden = _model.Transformer.Forward(batch);
        Assert.That(
            Close.Worst(Close.Doubles(hidden), _fixture.Tensors.ReadSingle("last_hidden"), 1e-4, 5e-4, Real(batch.Mask, hidden.Cols)), Is.Null);
    }

    [Test]
    public void HiddenStates_AreZero_AtPadding()
    {
        TokenBatch batch = _fixture.PaddedBatch();
        ReadOnlyView<float> hidden = _model.Transformer.Forward(batch);
        for (int i = 0; i < batch.Mask.Count; i++)
        {
            if (batch.Mask[i / batch.Length, i % batch.Length] == 0)
                Assert.That(Enumerable.Range(0, hidden.Cols).Sum(h => Math.Abs(hidden[i, h])), Is.Zero);
        }
    }

    [Test]
    public void Positions_MatchHuggingFaceGenerate()
    {
        ReadOnlyView<int> positions = _fixture.PaddedBatch().Positions;
        Assert.That(
            Enumerable.Range(0, (int)positions.Count).Select(i => (long)positions[i / positions.Cols, i % positions.Cols]),
            Is.EqualTo(_fixture.Tensors.ReadInt64("position_ids")));
    }

    [Test]
    public void Logits_MatchTheReference_WithAndWithoutPadding()
    {
        TokenBatch batch = _fixture.PaddedBatch();
        double[] padded = PlainHead.Logits(_model.Transformer.Forward(batch), _model.HeadWeight);
        double[] plain = PlainHead.Logits(_model.Transformer.Forward(new TokenBatch { InputIds = _fixture.Ints("nopad_input_ids") }), _model.HeadWeight);
        Assert.Multiple(() =>
        {
            Assert.That(Close.Worst(padded, _fixture.Tensors.ReadSingle("logits"), 1e-4, 5e-4, Real(batch.Mask, _model.Config.VocabSize)), Is.Null);
            Assert.That(Close.Worst(plain, _fixture.Tensors.ReadSingle("nopad_logits"), 1e-4, 5e-4), Is.Null);
        });
    }

    [Test]
    public void LossAndAllGradients_MatchTheReference([Values] bool selectedRows)
    {
        TokenBatch batch = _fixture.PaddedBatch();
        View<int> labels = _fixture.Ints("labels");
        List<int> rows = [], targets = [];
        for (int b = 0; b < batch.Batch; b++)
        {
            for (int t = 0; t < batch.Length; t++)
            {
                int target = t + 1 < batch.Length ? labels[b, t + 1] : -100;
                if (selectedRows && target < 0)
                    continue;
                rows.Add((b * batch.Length) + t);
                targets.Add(target);
            }
        }

        Transformer transformer = _model.Transformer;
        transformer.ZeroGradients();
        ReadOnlyView<float> hidden = transformer.Forward(batch, selectedRows ? _fixture.Own(rows.ToArray(), rows.Count) : default, keep: true);
        View<float> gradHidden = _fixture.Own(new float[hidden.Count], hidden.Rows, hidden.Cols);
        double loss = PlainHead.CrossEntropy(hidden, _model.HeadWeight, targets.ToArray(), gradHidden, _model.HeadGradient);
        transformer.Backward(gradHidden);

        Assert.That(loss, Is.EqualTo(_fixture.Scalars.GetProperty("loss").GetDouble()).Within(1e-3).Percent);
        Assert.Multiple(() =>
        {
            foreach (Parameter parameter in transformer.Parameters)
            {
                float[] expected = _fixture.Tensors.ReadSingle($"grad:{parameter.Name}");
                Assert.That(
                    Close.Worst(Close.Doubles(transformer.Gradient(parameter)), expected, 1e-3, 1e-5), Is.Null, parameter.Name);
            }
        });
    }

    [Test]
    public void Gradients_Accumulate_OverTwoBackwards()
    {
        TokenBatch batch = _fixture.PaddedBatch();
        Transformer transformer = _model.Transformer;
        transformer.ZeroGradients();
        double[] once = [];
        for (int pass = 0; pass < 2; pass++)
        {
            ReadOnlyView<float> hidden = transformer.Forward(batch, keep: true);
            float[] ones = new float[hidden.Count];
            Array.Fill(ones, 0.1f);
            transformer.Backward(_fixture.Own(ones, hidden.Rows, hidden.Cols));
            if (pass == 0)
                once = Close.Doubles(transformer.Gradients);
        }

        double[] twice = Close.Doubles(transformer.Gradients);
        float[] expected = [.. once.Select(value => (float)(2 * value))];
        Assert.That(once.Max(), Is.GreaterThan(0.01));
        Assert.That(Close.Worst(twice, expected, 1e-4, 1e-4), Is.Null);
    }

    [Test]
    public void GreedyContinuation_MatchesTheReference_StepByStep()
    {
        using Decoder decoder = new(_model, 3, 64);
        ReadOnlyView<float> logits = decoder.Prefill(_fixture.PaddedBatch());
        long[] tokens = _fixture.Tensors.ReadInt64("gen_tokens");
        float[] scores = _fixture.Tensors.ReadSingle("gen_scores");
        int steps = tokens.Length / 3, vocab = _model.Config.VocabSize;
        for (int step = 0; step < steps; step++)
        {
            for (int b = 0; b < 3; b++)
            {
                Assert.That(
                    Close.Worst(Close.Doubles(logits.SliceRows(b, 1)), scores.AsSpan(((b * steps) + step) * vocab, vocab), 1e-4, 5e-4), Is.Null, $"step {step}, sequence {b}");
            }

            logits = decoder.Step([(int)tokens[step], (int)tokens[steps + step], (int)tokens[(2 * steps) + step]]);
        }
    }

    [TestCase(64)]
    [TestCase(2)]
    public void Generator_MatchesGreedyContinuation_WithAndWithoutStopToken(int maxBatch)
    {
        using Generator generator = new(_model, maxBatch);
        int eos = _fixture.Arguments.GetProperty("gen_eos_token_id").GetInt32();
        GenerationOptions options = new() { MaxNewTokens = 16, PadToken = _fixture.Pad };
        GenerationResult all = generator.Generate(_fixture.PaddedBatch(), new GreedySampler(), options);
        GenerationResult stopped = generator.Generate(_fixture.PaddedBatch(), new GreedySampler(), options with { StopTokens = [eos] });
        Assert.Multiple(() =>
        {
            Assert.That(all.Tokens, Is.EqualTo(_fixture.Tensors.ReadInt64("gen_tokens")));
            Assert.That(stopped.Tokens, Is.EqualTo(_fixture.Tensors.ReadInt64("gen_eos_tokens")));
            Assert.That(stopped.Lengths.Min(), Is.LessThan(16));
        });
    }

    private static Func<int, bool> Real(ReadOnlyView<byte> mask, int width) => i => mask[i / width / mask.Cols, i / width % mask.Cols] != 0;
}
