using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Models;

public sealed class TransformerTests
{
    private const int Length = 70; // more than two blocks of queries

    [Test]
    public void Backward_MatchesFiniteDifferences_ForEachParameter([ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using LanguageModel model = SmallModels.Make(name);
        Transformer transformer = model.Transformer;
        using Pinned<int> ids = Pinned.Of(Data.Integers(3, 2 * Length, 50), 2, Length);
        byte[] real = [.. Enumerable.Range(0, 2 * Length).Select(i => (byte)(i < Length + 30 ? 1 : 0))];
        using Pinned<byte> mask = Pinned.Of(real, 2, Length);
        TokenBatch batch = new() { InputIds = ids, Mask = mask };
        int width = model.Config.HiddenSize;
        using Pinned<float> factors = Pinned.Of(Data.Normal(5, 2 * Length * width), 2 * Length, width);
        transformer.Forward(batch, keep: true);
        transformer.Backward(factors);

        Assert.Multiple(() =>
        {
            foreach (Parameter parameter in transformer.Parameters)
            {
                if (parameter.Name is "lm_head.weight" or "embed_out.weight")
                    continue;
                double[] gradient = Close.Doubles(transformer.Gradient(parameter));
                double norm = Math.Sqrt(gradient.Sum(value => value * value));
                // Along the gradient and a random direction at once: a wrong gradient cannot be right along both.
                float[] random = Data.Normal(parameter.Offset, parameter.Count, 1 / Math.Sqrt(parameter.Count));
                double[] direction = [.. gradient.Select((value, i) => (value / norm) + random[i])];
                const double step = 1e-3;
                double difference = (Value(step, direction) - Value(-step, direction)) / (2 * step);
                double expected = gradient.Zip(direction, (g, d) => g * d).Sum();
                Assert.That(expected, Is.EqualTo(difference).Within(0.02 * norm), parameter.Name);

                double Value(double distance, double[] along)
                {
                    View<float> weight = transformer.Weight(parameter);
                    double[] before = Close.Doubles(weight);
                    for (int i = 0; i < along.Length; i++)
                        weight[i / weight.Cols, i % weight.Cols] = (float)(before[i] + (distance * along[i]));
                    ReadOnlyView<float> hidden = transformer.Forward(batch);
                    double sum = 0;
                    for (int i = 0; i < hidden.Count; i++)
                        sum += (double)hidden[i / width, i % width] * factors.View[i / width, i % width];
                    for (int i = 0; i < along.Length; i++)
                        weight[i / weight.Cols, i % weight.Cols] = (float)before[i];
                    return sum;
                }
            }
        });
    }

    [Test]
    public void Hidden_AreTheSameBits_ForLeftAndRightPadding([ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using LanguageModel model = SmallModels.Make(name);
        int[] tokens = Data.Integers(3, 8, 50);
        Assert.That(Run([7, 7, 7, .. tokens], [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], 3), Is.EqualTo(Run([.. tokens, 9, 9, 9], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], 0)));

        double[] Run(int[] ids, byte[] real, int skip)
        {
            using Pinned<int> input = Pinned.Of(ids, 1, 11);
            using Pinned<byte> mask = Pinned.Of(real, 1, 11);
            using Pinned<int> positions = Pinned.Zeros<int>(1, 11);
            PositionIds.HuggingFace(mask, positions);
            ReadOnlyView<float> hidden = model.Transformer.Forward(new TokenBatch { InputIds = input, Mask = mask, Positions = positions });
            return Close.Doubles(hidden.SliceRows(skip, 8));
        }
    }

    [Test]
    public void SlidingWindow_HidesOlderTokens_AndNothingElse()
    {
        // One layer, so that nothing reaches a query through another position.
        using LanguageModel model = SmallModels.Make(SmallModels.All["mistral, window 5"] with { Layers = 1 });
        int[] tokens = Data.Integers(3, 12, 50);
        double[] before = Last(tokens);
        double[] outside = Last([.. tokens[..6], (tokens[6] + 1) % 50, .. tokens[7..]]);
        double[] inside = Last([.. tokens[..7], (tokens[7] + 1) % 50, .. tokens[8..]]);
        Assert.Multiple(() =>
        {
            Assert.That(outside, Is.EqualTo(before));
            Assert.That(inside, Is.Not.EqualTo(before));
        });

        double[] Last(int[] ids)
        {
            using Pinned<int> input = Pinned.Of(ids, 1, 12);
            return Close.Doubles(model.Transformer.Forward(new TokenBatch { InputIds = input }).SliceRows(11, 1));
        }
    }

    [Test]
    public void Threads_ChangeRoundingOnly()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of(Data.Integers(3, 5 * 40, 50), 5, 40);
        try
        {
            TorchLibrary.SetThreads(1);
            (double[] Hidden, double[] Gradients) one = Run();
            TorchLibrary.SetThreads(3);
            (double[] Hidden, double[] Gradients) three = Run();
            Assert.Multiple(() =>
            {
                Assert.That(Close.Worst(three.Hidden, [.. one.Hidden.Select(v => (float)v)], 1e-5, 1e-5), Is.Null);
                Assert.That(Close.Worst(three.Gradients, [.. one.Gradients.Select(v => (float)v)], 1e-4, 1e-4), Is.Null);
                Assert.That(Run().Gradients, Is.EqualTo(three.Gradients), "same bits for the same number of threads");
            });
        }
        finally
        {
            TorchLibrary.SetThreads(Environment.ProcessorCount);
        }

        (double[] Hidden, double[] Gradients) Run()
        {
            model.Transformer.ZeroGradients();
            double[] hidden = Close.Doubles(model.Transformer.Forward(new TokenBatch { InputIds = ids }, keep: true));
            using Pinned<float> grad = Pinned.Of(Data.Normal(1, hidden.Length), 200, 24);
            model.Transformer.Backward(grad);
            return (hidden, Close.Doubles(model.Transformer.Gradients));
        }
    }

    [Test]
    public void Forward_LeavesTheCallersDenormalsAlone()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3);
        model.Transformer.Forward(new TokenBatch { InputIds = ids });
        float denormal = BitConverter.UInt32BitsToSingle((uint)ids.View[0, 0]);
        Assert.That(denormal * 2f, Is.GreaterThan(0f));
    }

    [TestCase(50, "token id 50 at [1, 2] is outside the vocabulary of 50")]
    [TestCase(-1, "token id -1 at [1, 2] is outside the vocabulary of 50")]
    public void Forward_NamesATokenIdOutOfRange(int id, string expected)
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, 2, 3, 4, 5, id], 2, 3);
        Assert.That(() => model.Transformer.Forward(new TokenBatch { InputIds = ids }), Throws.ArgumentException.With.Message.EqualTo(expected));
    }

    [Test]
    public void Forward_IgnoresTokenIdsAtPadding()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, -7, 99_999], 1, 3);
        using Pinned<byte> mask = Pinned.Of<byte>([1, 0, 0], 1, 3);
        ReadOnlyView<float> hidden = model.Transformer.Forward(new TokenBatch { InputIds = ids, Mask = mask });
        Assert.That(Close.Doubles(hidden.SliceRows(0, 1)).Max(Math.Abs), Is.GreaterThan(0));
    }

    [Test]
    public void Forward_NamesAPositionBeyondTheTable()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of(new int[97], 1, 97);
        Assert.That(
            () => model.Transformer.Forward(new TokenBatch { InputIds = ids }), Throws.ArgumentException.With.Message.Contains("position 96 at [0, 96]"));
    }

    [Test]
    public void Forward_NamesARowOutsideTheBatch()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3), rows = Pinned.Of([3], 1);
        Assert.That(
            () => model.Transformer.Forward(new TokenBatch { InputIds = ids }, rows), Throws.ArgumentException.With.Message.Contains("row 3 is outside the batch of 3"));
    }

    [Test]
    public void Backward_IsRefused_WithoutAKeptForward_AndTheSecondTime()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3);
        using Pinned<float> grad = Pinned.Zeros<float>(3, 24);
        TokenBatch batch = new() { InputIds = ids };
        model.Transformer.Forward(batch);
        Assert.That(() => model.Transformer.Backward(grad), Throws.InvalidOperationException);
        model.Transformer.Forward(batch, keep: true);
        model.Transformer.Backward(grad);
        Assert.That(() => model.Transformer.Backward(grad), Throws.InvalidOperationException);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void FirstNonFinite_NamesTheParameter(bool gradients)
    {
        using LanguageModel model = SmallModels.Make("llama, head_dim apart");
        Assert.That(model.Transformer.FirstNonFinite(gradients), Is.Null);
        Parameter parameter = model.Transformer.Find("model.layers.1.self_attn.k_proj.weight");
        (gradients ? model.Transformer.Gradient(parameter) : model.Transformer.Weight(parameter))[3, 2] = float.NaN;
        Assert.That(model.Transformer.FirstNonFinite(gradients), Is.EqualTo(parameter.Name));
    }

    [Test]
    public void NanInAWeight_ReachesTheHiddenStates_WithoutACrash()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        model.Transformer.Weight(model.Transformer.Find("transformer.h.0.attn.c_attn.weight"))[0, 0] = float.NaN;
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3);
        Assert.That(Close.Doubles(model.Transformer.Forward(new TokenBatch { InputIds = ids })), Has.Some.NaN);
    }

    [Test]
    public void Disposed_ModelRefusesEveryUse()
    {
        LanguageModel model = SmallModels.Make("gpt2");
        model.Dispose();
        model.Dispose();
        Assert.That(() => model.HeadWeight, Throws.InstanceOf<ObjectDisposedException>());
    }
}
