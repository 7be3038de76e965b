using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkErrorTests
{
    private static IEnumerable<TestCaseData> BadSpecs()
    {
        yield return Case("layer 0 (linear): its input is [2, 7, 6], expected [features] (a flatten layer before it)", [2, 7, 6], NetworkLayer.Linear(3));
        yield return Case("layer 1 (conv): its input is [5], expected [channels, height, width]", [5], NetworkLayer.Tanh, NetworkLayer.Conv(2, 3, 1));
        yield return Case("layer 0 (conv): its input is [2, 7, 6], smaller than the kernel of 7", [2, 7, 6], NetworkLayer.Conv(2, 7, 1));
        yield return Case("layer 0 (conv): kernel is 3 and stride 0, expected at least 1", [2, 7, 6], NetworkLayer.Conv(2, 3, 0));
        yield return Case("layer 0 (linear): outputs is 0, expected at least 1", [5], NetworkLayer.Linear(0));
        yield return Case("layer 1 (dropout): probability is 1.000000, expected at least 0 and less than 1", [5], NetworkLayer.Linear(2), NetworkLayer.Dropout(1));
        yield return Case("layer 0 (batch norm): epsilon is 0.000000, expected more than 0", [5], NetworkLayer.BatchNorm(0));
        yield return Case("layer 0 (leaky relu): slope is -1.000000, expected at least 0", [5], NetworkLayer.LeakyRelu(-1));
        yield return Case("the input shape is [5, 4], expected [features] or [channels, height, width]", [5, 4], NetworkLayer.Tanh);
        yield return Case("network description: the input shape is [0], expected positive sizes", [0], NetworkLayer.Tanh);
        yield return Case("network description: there are no layers", [5]);
        yield return Case("network description: no layer has weights", [5], NetworkLayer.Tanh);

        static TestCaseData Case(string message, int[] shape, params NetworkLayer[] layers) =>
            new TestCaseData(new NetworkSpec { InputShape = shape, Layers = layers }, message).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(BadSpecs))]
    public void Network_NamesTheLayer_AndBothShapes(NetworkSpec spec, string message) =>
        Assert.That(() => new Network(spec, 1), Throws.ArgumentException.With.Message.EqualTo(message));

    [Test]
    public void Network_NeedsAMember() =>
        Assert.That(
            () => new Network(SmallNetworks.All["tanh"] with { Members = 0 }, 1),
            Throws.ArgumentException.With.Message.EqualTo("network description: members is 0, expected at least 1"));

    [Test]
    public void Views_OfOtherShapes_AreNamedWithBoth()
    {
        using Network network = SmallNetworks.Make("tanh", 3);
        using Pinned<float> wrong = Pinned.Zeros<float>(4, 6), input = Pinned.Zeros<float>(4, 5), pitched = Pinned.Pitched(new float[20], 4, 5, 7, 0f), short_ = Pinned.Zeros<float>(7);
        Assert.Multiple(() =>
        {
            Assert.That(() => network.Forward(wrong, ForwardMode.Inference), Throws.ArgumentException.With.Message.EqualTo("input is [4, 6], expected [N, 5]"));
            Assert.That(() => network.Forward(input, ForwardMode.Inference, perMember: true), Throws.ArgumentException.With.Message.EqualTo("input is [4, 5], expected [3·N, 5]"));
            Assert.That(() => network.Forward(pitched, ForwardMode.Inference), Throws.ArgumentException.With.Message.Contains("rows 7 elements apart"));
            network.Forward(input, ForwardMode.Evaluation);
            Assert.That(() => network.Backward(input), Throws.ArgumentException.With.Message.EqualTo("gradOutput is [4, 5], expected [12, 3]"));
            Assert.That(() => network.JacobianProduct(short_), Throws.ArgumentException.With.Message.EqualTo($"direction is [7], expected [{network.Weights.Rows}]"));
        });
    }

    [Test]
    public void Backward_NeedsAKeptForward()
    {
        using Network network = SmallNetworks.Make("tanh");
        using Pinned<float> input = Pinned.Zeros<float>(4, 5), gradOutput = Pinned.Zeros<float>(4, 3);
        network.Forward(input, ForwardMode.Inference);
        Assert.That(() => network.Backward(gradOutput), Throws.InvalidOperationException.With.Message.Contains("Evaluation or Training"));
        Assert.That(() => network.JacobianProduct(network.Weights), Throws.InvalidOperationException.With.Message.Contains("Evaluation or Training"));
    }

    [Test]
    public void Disposed_NetworkRefusesEveryUse()
    {
        Network network = SmallNetworks.Make("tanh");
        network.Dispose();
        network.Dispose();
        Assert.That(() => network.Weights, Throws.InstanceOf<ObjectDisposedException>());
    }
}
