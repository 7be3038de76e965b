using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkGradientTests
{
    private const int Rows = 6;

    [Test]
    public void Backward_MatchesFiniteDifferences_ForEachParameter(
        [ValueSource(typeof(SmallNetworks), nameof(SmallNetworks.Names))] string name, [Values(1, 3)] int members, [Values] bool perMember, [Values] bool training)
    {
        ForwardMode mode = training ? ForwardMode.Training : ForwardMode.Evaluation;
        using Network network = SmallNetworks.Make(name, members);
        using Pinned<float> input = SmallNetworks.Input(network, perMember ? Rows * members : Rows);
        using Pinned<float> factors = Pinned.Of(Data.Normal(3, Rows * members * network.Outputs), Rows * members, network.Outputs);
        Forward();
        network.Backward(factors);
        float[] gradients = SmallNetworks.Values(network.Gradients);

        Assert.Multiple(() =>
        {
            foreach (NetworkParameter parameter in network.Parameters)
            {
                double[] gradient = [.. gradients.AsSpan(parameter.Offset, parameter.Count).ToArray().Select(value => (double)value)];
                double norm = Math.Sqrt(gradient.Sum(value => value * value));
                // A bias before batch norm has no effect in training; its gradient is rounding.
                if (norm < 1e-4)
                    norm = 1;
                // Along the gradient and a random direction at once: a wrong gradient cannot be right along both.
                float[] random = Data.Normal(parameter.Offset, parameter.Count, 1 / Math.Sqrt(parameter.Count));
                double[] direction = [.. gradient.Select((value, i) => (value / norm) + random[i])];
                const double step = 3e-3;
                double difference = (Value(step) - Value(-step)) / (2 * step);
                double expected = gradient.Zip(direction, (g, d) => g * d).Sum();
                Assert.That(expected, Is.EqualTo(difference).Within(0.02 * Math.Max(norm, 0.1)), parameter.FullName);

                double Value(double distance)
                {
                    float[] before = SmallNetworks.Values(network.Weights.SliceRows(parameter.Offset, parameter.Count));
                    for (int i = 0; i < before.Length; i++)
                        network.Weights[parameter.Offset + i] = (float)(before[i] + (distance * direction[i]));
                    double value = SmallNetworks.Dot(SmallNetworks.Values(Forward()), factors.Span);
                    for (int i = 0; i < before.Length; i++)
                        network.Weights[parameter.Offset + i] = before[i];
                    return value;
                }
            }
        });

        ReadOnlyView<float> Forward()
        {
            network.SetDropoutSeed(5); // the same masks each time
            return network.Forward(input, mode, perMember);
        }
    }

    [Test]
    public void JacobianProduct_MatchesFiniteDifferences_AndIsTheAdjointOfBackward(
        [ValueSource(typeof(SmallNetworks), nameof(SmallNetworks.Names))] string name, [Values(1, 3)] int members, [Values] bool training)
    {
        ForwardMode mode = training ? ForwardMode.Training : ForwardMode.Evaluation;
        using Network network = SmallNetworks.Make(name, members);
        using Pinned<float> input = SmallNetworks.Input(network, Rows);
        float[] weights = SmallNetworks.Values(network.Weights);
        using Pinned<float> direction = Pinned.Of(Data.Normal(11, weights.Length, 1 / Math.Sqrt(weights.Length)));
        using Pinned<float> cotangent = Pinned.Of(Data.Normal(12, Rows * members * network.Outputs), Rows * members, network.Outputs);
        const double step = 3e-3;
        float[] above = Outputs(step), below = Outputs(-step);
        _ = Outputs(0);

        float[] product = SmallNetworks.Values(network.JacobianProduct(direction));
        network.Backward(cotangent);
        double left = SmallNetworks.Dot(product, cotangent.Span), right = SmallNetworks.Dot(SmallNetworks.Values(network.Gradients), direction.Span);
        double size = product.Max(Math.Abs);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < product.Length; i++)
                Assert.That(product[i], Is.EqualTo((above[i] - below[i]) / (2 * step)).Within(0.02 * size), $"output {i}");
            Assert.That(left, Is.EqualTo(right).Within(1e-4 * Math.Max(1, Math.Abs(right))));
            Assert.That(SmallNetworks.Values(network.JacobianProduct(direction)), Is.EqualTo(product), "again, on the same forward");
        });

        float[] Outputs(double distance)
        {
            for (int i = 0; i < weights.Length; i++)
                network.Weights[i] = (float)(weights[i] + (distance * direction.View[i]));
            network.SetDropoutSeed(5);
            return SmallNetworks.Values(network.Forward(input, mode));
        }
    }

    [TestCase("tanh")]
    [TestCase("conv, batch norm, dropout")]
    public void Backward_AddsTheSameAgain_OnOneKeptForward(string name)
    {
        using Network network = SmallNetworks.Make(name, 3);
        using Pinned<float> input = SmallNetworks.Input(network, Rows);
        using Pinned<float> factors = Pinned.Of(Data.Normal(3, Rows * 3 * network.Outputs), Rows * 3, network.Outputs);
        network.Forward(input, ForwardMode.Training);
        network.Backward(factors);
        float[] once = SmallNetworks.Values(network.Gradients);
        network.Forward(input, ForwardMode.Inference);
        input.Span.Fill(float.NaN); // what is kept does not lie in the caller's memory
        network.Backward(factors);
        Assert.That(SmallNetworks.Values(network.Gradients), Is.EqualTo(once.Select(value => value + value)));
        network.ZeroGradients();
        Assert.That(SmallNetworks.Values(network.Gradients), Is.All.Zero);
    }

    [Test]
    public void ManyRows_GiveTheSumOfTheirGradients_WhateverTheThreads()
    {
        // More than one block of rows.
        const int many = 30_000;
        using Network network = SmallNetworks.Make("tanh", 2);
        using Pinned<float> input = SmallNetworks.Input(network, many);
        using Pinned<float> factors = Pinned.Of(Data.Normal(3, many * 2 * network.Outputs), many * 2, network.Outputs);
        try
        {
            TorchLibrary.SetThreads(1);
            float[] one = Run();
            TorchLibrary.SetThreads(3);
            Assert.That(Run(), Is.EqualTo(one), "the same bits");

            double[] sum = new double[one.Length];
            const int part = 100;
            network.ZeroGradients();
            for (int begin = 0; begin < many; begin += part)
            {
                network.Forward(input.View.SliceRows(begin, part), ForwardMode.Evaluation);
                float[] rows = [.. Enumerable.Range(0, 2).SelectMany(m => factors.Span.Slice(((m * many) + begin) * network.Outputs, part * network.Outputs).ToArray())];
                using Pinned<float> partFactors = Pinned.Of(rows, 2 * part, network.Outputs);
                network.Backward(partFactors);
            }

            float[] parts = SmallNetworks.Values(network.Gradients);
            double norm = Math.Sqrt(SmallNetworks.Dot(parts, parts));
            for (int i = 0; i < sum.Length; i++)
                Assert.That(one[i], Is.EqualTo(parts[i]).Within(1e-4 * norm));
        }
        finally
        {
            TorchLibrary.SetThreads(Environment.ProcessorCount);
        }

        float[] Run()
        {
            network.ZeroGradients();
            network.Forward(input, ForwardMode.Evaluation);
            network.Backward(factors);
            return SmallNetworks.Values(network.Gradients);
        }
    }
}
