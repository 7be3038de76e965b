using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkTests
{
    private const int Rows = 6;

    [Test]
    public void Members_AreIndependent(
        [ValueSource(typeof(SmallNetworks), nameof(SmallNetworks.Names))] string name, [Values] ForwardMode mode, [Values] bool perMember)
    {
        using Network ensemble = SmallNetworks.Make(name, 3);
        using Pinned<float> input = SmallNetworks.Input(ensemble, perMember ? 3 * Rows : Rows);
        // Dropout masks are drawn by member, of which a single network has only the first: without them here.
        if (name.Contains("dropout") && mode == ForwardMode.Training)
            mode = ForwardMode.Evaluation;
        using Pinned<float> factors = Pinned.Of(Data.Normal(3, 3 * Rows * ensemble.Outputs), 3 * Rows, ensemble.Outputs);
        float[] before = SmallNetworks.Values(ensemble.Buffers);
        float[] together = SmallNetworks.Values(ensemble.Forward(input, mode, perMember));
        if (mode != ForwardMode.Inference)
            ensemble.Backward(factors);

        Assert.Multiple(() =>
        {
            for (int member = 0; member < 3; member++)
            {
                using Network single = new(ensemble.Spec with { Members = 1 }, 0);
                for (int i = 0; i < single.Weights.Rows; i++)
                    single.Weights[i] = ensemble.MemberWeights(member)[i];
                for (int i = 0; i < single.Buffers.Rows; i++)
                    single.Buffers[i] = before[(member * single.Buffers.Rows) + i];
                float[] alone = SmallNetworks.Values(single.Forward(perMember ? input.View.SliceRows(member * Rows, Rows) : input.View, mode));
                Assert.That(together[(member * alone.Length)..((member + 1) * alone.Length)], Is.EqualTo(alone).Within(2e-6), $"outputs of member {member}");
                Assert.That(Part(ensemble.Buffers, member, single.Buffers.Rows), Is.EqualTo(SmallNetworks.Values(single.Buffers)).Within(1e-6), $"statistics of member {member}");
                if (mode == ForwardMode.Inference)
                    continue;
                single.Backward(factors.View.SliceRows(member * Rows, Rows));
                Assert.That(
                    Part(ensemble.Gradients, member, single.Weights.Rows), Is.EqualTo(SmallNetworks.Values(single.Gradients)).Within(2e-5), $"gradients of member {member}");
            }
        });

        static float[] Part(View<float> all, int member, int count) => SmallNetworks.Values(all)[(member * count)..((member + 1) * count)];
    }

    [Test]
    public void Inference_IsEvaluation_ToRounding([ValueSource(typeof(SmallNetworks), nameof(SmallNetworks.Names))] string name, [Values(1, 3)] int members)
    {
        using Network network = SmallNetworks.Make(name, members);
        using Pinned<float> input = SmallNetworks.Input(network, Rows);
        float[] evaluation = SmallNetworks.Values(network.Forward(input, ForwardMode.Evaluation));
        float[] statistics = SmallNetworks.Values(network.Buffers);
        Assert.That(SmallNetworks.Values(network.Forward(input, ForwardMode.Inference)), Is.EqualTo(evaluation).Within(2e-6));
        Assert.That(SmallNetworks.Values(network.Buffers), Is.EqualTo(statistics), "only training moves statistics");
    }

    [Test]
    public void Mlp_ComputesWhatItsLayersSay()
    {
        using Network network = SmallNetworks.Make("tanh");
        using Pinned<float> input = SmallNetworks.Input(network, Rows);
        float[] actual = SmallNetworks.Values(network.Forward(input, ForwardMode.Inference));
        for (int row = 0; row < Rows; row++)
        {
            double[] x = Data.Doubles(input.Span.Slice(row * 5, 5));
            x = [.. Linear(0, x).Select(Math.Tanh)];
            x = [.. Linear(2, x).Select(Math.Tanh)];
            x = Linear(4, x);
            Assert.That(actual[(row * 3)..((row + 1) * 3)], Is.EqualTo(x).Within(2e-6));
        }

        double[] Linear(int layer, double[] x)
        {
            NetworkParameter weight = network.Parameters.Single(p => p.Name == $"{layer}.weight"), bias = network.Parameters.Single(p => p.Name == $"{layer}.bias");
            return [.. Enumerable.Range(0, weight.Shape[0]).Select(o =>
                network.Weights[bias.Offset + o] + Enumerable.Range(0, weight.Shape[1]).Sum(i => (double)network.Weights[weight.Offset + (o * weight.Shape[1]) + i] * x[i]))];
        }
    }

    [Test]
    public void Conv_ComputesWhatItSays()
    {
        using Network network = new(new NetworkSpec { InputShape = [2, 5, 6], Layers = [NetworkLayer.Conv(3, 3, 2)] }, 1);
        using Pinned<float> input = SmallNetworks.Input(network, 1);
        float[] actual = SmallNetworks.Values(network.Forward(input, ForwardMode.Evaluation));
        double[] expected = new double[3 * 2 * 2];
        for (int i = 0; i < expected.Length; i++)
        {
            int channel = i / 4, y = i / 2 % 2 * 2, x = i % 2 * 2;
            expected[i] = network.Weights[(3 * 2 * 9) + channel];
            for (int k = 0; k < 18; k++)
                expected[i] += (double)network.Weights[(channel * 18) + k] * input.Span[(k / 9 * 30) + ((y + (k / 3 % 3)) * 6) + x + (k % 3)];
        }

        Assert.That(actual, Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void BatchNorm_NormalisesTheBatch_AndMovesItsStatistics()
    {
        using Network network = new(new NetworkSpec { InputShape = [3], Layers = [NetworkLayer.BatchNorm()] }, 1);
        float[] values = Data.Normal(1, 30, 2, mean: 5);
        using Pinned<float> input = Pinned.Of(values, 10, 3);
        float[] output = SmallNetworks.Values(network.Forward(input, ForwardMode.Training));
        Assert.Multiple(() =>
        {
            for (int feature = 0; feature < 3; feature++)
            {
                double[] column = [.. Enumerable.Range(0, 10).Select(row => (double)values[(row * 3) + feature])];
                double mean = column.Average(), sum = column.Sum(value => (value - mean) * (value - mean));
                Assert.That(output[feature], Is.EqualTo((column[0] - mean) / Math.Sqrt((sum / 10) + 1e-5)).Within(1e-4));
                Assert.That(network.Buffers[feature], Is.EqualTo(0.1 * mean).Within(1e-4), "running mean, from 0");
                Assert.That(network.Buffers[3 + feature], Is.EqualTo(0.9 + (0.1 * sum / 9)).Within(1e-4), "running variance, unbiased, from 1");
            }
        });
    }

    [Test]
    public void BatchNorm_RefusesASingleValue_InTraining()
    {
        using Network network = SmallNetworks.Make("batch norm first");
        using Pinned<float> input = SmallNetworks.Input(network, 1);
        Assert.That(() => network.Forward(input, ForwardMode.Training), Throws.ArgumentException.With.Message.Contains("more than one value of each channel"));
        Assert.That(() => network.Forward(input, ForwardMode.Evaluation), Throws.Nothing);
    }

    [Test]
    public void Denormals_AreTheCallersBusiness()
    {
        using Network network = SmallNetworks.Make("conv", 2);
        using Pinned<float> input = SmallNetworks.Input(network, Rows), factors = Pinned.Zeros<float>(2 * Rows, 2);
        network.Forward(input, ForwardMode.Training);
        network.Backward(factors);
        float denormal = BitConverter.UInt32BitsToSingle((uint)input.View.Rows);
        Assert.That(denormal * 2f, Is.GreaterThan(0f));
    }

    [Test]
    public void Inference_AllocatesNothing()
    {
        using Network network = SmallNetworks.Make("tanh");
        using Pinned<float> input = SmallNetworks.Input(network, 8);
        ReadOnlyView<float> view = input;
        for (int i = 0; i < 100; i++)
            network.Forward(view, ForwardMode.Inference);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            network.Forward(view, ForwardMode.Inference);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Nan_ReachesTheOutput([Values("tanh", "leaky relu", "conv")] string name, [Values(ForwardMode.Inference, ForwardMode.Evaluation)] ForwardMode mode)
    {
        using Network network = SmallNetworks.Make(name);
        using Pinned<float> input = SmallNetworks.Input(network, 1);
        input.Span[0] = float.NaN;
        Assert.That(SmallNetworks.Values(network.Forward(input, mode)), Has.Some.NaN);
    }
}
