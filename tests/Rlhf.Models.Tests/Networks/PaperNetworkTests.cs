using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

/// <summary>The networks of Christiano et al. 2017, at their size.</summary>
public sealed class PaperNetworkTests
{
    /// <summary>Appendix A.2: the reward predictor for Atari.</summary>
    private static NetworkSpec Predictor(int members)
    {
        List<NetworkLayer> layers = [];
        foreach ((int kernel, int stride) in new[] { (7, 3), (5, 2), (3, 1), (3, 1) })
            layers.AddRange([NetworkLayer.Conv(16, kernel, stride), NetworkLayer.BatchNorm(), NetworkLayer.LeakyRelu(), NetworkLayer.Dropout(0.5f)]);
        layers.AddRange([NetworkLayer.Flatten, NetworkLayer.Linear(64), NetworkLayer.LeakyRelu(), NetworkLayer.Linear(1)]);
        return new NetworkSpec { InputShape = [4, 84, 84], Layers = layers, Members = members };
    }

    /// <summary>Mnih et al. 2015, with six actions and a value.</summary>
    private static NetworkSpec Policy() => new()
    {
        InputShape = [4, 84, 84],
        Layers =
        [
            NetworkLayer.Conv(32, 8, 4, gain: MathF.Sqrt(2)), NetworkLayer.Relu,
            NetworkLayer.Conv(64, 4, 2, gain: MathF.Sqrt(2)), NetworkLayer.Relu,
            NetworkLayer.Conv(64, 3, 1, gain: MathF.Sqrt(2)), NetworkLayer.Relu,
            NetworkLayer.Flatten,
            NetworkLayer.Linear(512, gain: MathF.Sqrt(2)), NetworkLayer.Relu,
            NetworkLayer.Heads((6, 0.01f), (1, 1f)),
        ],
    };

    [Test]
    public void Predictor_HasItsSizes_AndTrainsAlongItsGradient()
    {
        using Network network = new(Predictor(3), 1);
        const int rows = 4;
        using Pinned<float> input = SmallNetworks.Input(network, rows), factors = Pinned.Of(Data.Normal(3, 3 * rows), 3 * rows);
        double before = Loss();
        network.Backward(factors);
        double[] gradients = Data.Doubles(SmallNetworks.Values(network.Gradients));
        double squares = gradients.Sum(value => value * value);
        const double step = 1e-3;
        for (int i = 0; i < gradients.Length; i++)
            network.Weights[i] -= (float)(step * gradients[i] / Math.Sqrt(squares));
        Assert.Multiple(() =>
        {
            Assert.That(network.WeightsPerMember, Is.EqualTo((16 * 4 * 49) + 16 + 32 + (16 * 16 * 25) + 16 + 32 + (2 * ((16 * 16 * 9) + 16 + 32)) + (64 * 16 * 49) + 64 + 65));
            Assert.That((before - Loss()) / step, Is.EqualTo(Math.Sqrt(squares)).Within(0.05 * Math.Sqrt(squares)));
        });

        double Loss()
        {
            network.SetDropoutSeed(2);
            return SmallNetworks.Dot(SmallNetworks.Values(network.Forward(input, ForwardMode.Training)), factors.Span);
        }
    }

    [Test]
    public void Policy_HasItsSizes_AndGivesSmallLogits()
    {
        using Network network = new(Policy(), 1);
        using Pinned<float> input = SmallNetworks.Input(network, 2);
        float[] outputs = SmallNetworks.Values(network.Forward(input, ForwardMode.Inference));
        Assert.Multiple(() =>
        {
            Assert.That(network.Outputs, Is.EqualTo(7));
            Assert.That(network.WeightsPerMember, Is.EqualTo((32 * 256) + 32 + (64 * 512) + 64 + (64 * 576) + 64 + (512 * 3136) + 512 + (7 * 512) + 7));
            Assert.That(outputs[..6].Max(Math.Abs), Is.LessThan(0.1 * Math.Abs(outputs[6])));
        });
    }

    [Test]
    public void Convolutions_RunInBlocks_AsTheyDoAlone([Values(1, 3)] int members, [Values(2, 3)] int threads)
    {
        // Small batches let oneDNN plan these kernels for a whole team, then blocks run in the workers of one.
        NetworkSpec spec = new() { InputShape = [4, 30, 30], Layers = [NetworkLayer.Conv(16, 7, 3), NetworkLayer.Tanh, NetworkLayer.Conv(16, 3, 1)], Members = members };
        using Network network = new(spec, 1);
        const int rows = 96;
        using Pinned<float> input = SmallNetworks.Input(network, rows);
        using Pinned<float> factors = Pinned.Of(Data.Normal(3, members * rows * network.Outputs), members * rows, network.Outputs);
        try
        {
            TorchLibrary.SetThreads(threads);
            float[] parts = Run(16);
            float[] whole = Run(rows);
            double size = parts.Max(Math.Abs);
            Assert.That(whole, Is.EqualTo(parts).Within(1e-4 * size));
        }
        finally
        {
            TorchLibrary.SetThreads(Environment.ProcessorCount);
        }

        float[] Run(int part)
        {
            network.ZeroGradients();
            for (int begin = 0; begin < rows; begin += part)
            {
                network.Forward(input.View.SliceRows(begin, part), ForwardMode.Training);
                float[] those = [.. Enumerable.Range(0, members).SelectMany(m => factors.Span.Slice(((m * rows) + begin) * network.Outputs, part * network.Outputs).ToArray())];
                using Pinned<float> partFactors = Pinned.Of(those, members * part, network.Outputs);
                network.Backward(partFactors);
            }

            return SmallNetworks.Values(network.Gradients);
        }
    }
}
