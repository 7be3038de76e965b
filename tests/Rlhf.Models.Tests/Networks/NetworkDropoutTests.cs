using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkDropoutTests
{
    private static readonly NetworkSpec OneLayer = new() { InputShape = [40], Layers = [NetworkLayer.Linear(40), NetworkLayer.Dropout(0.25f)] };

    [Test]
    public void Values_AreZero_OrScaled_AtTheGivenRate()
    {
        using Network network = Constant(1);
        float[] values = Run(network, 200);
        Assert.Multiple(() =>
        {
            Assert.That(values.Distinct().Order(), Is.EqualTo(new[] { 0f, 1 / 0.75f }));
            Assert.That(values.Count(value => value == 0), Is.EqualTo(2000).Within(5 * Math.Sqrt(8000 * 0.25 * 0.75)));
        });
    }

    [Test]
    public void Masks_FollowFromTheSeed_AndChangeWithEachForward()
    {
        using Network network = Constant(1), other = Constant(1);
        float[] first = Run(network, 8), second = Run(network, 8);
        network.SetDropoutSeed(9);
        other.SetDropoutSeed(9);
        Assert.Multiple(() =>
        {
            Assert.That(second, Is.Not.EqualTo(first));
            Assert.That(Run(network, 8), Is.EqualTo(Run(other, 8)).And.Not.EqualTo(first));
            Assert.That(Run(network, 8), Is.EqualTo(Run(other, 8)), "and on");
        });
    }

    [Test]
    public void Masks_DifferByMember_AndNotByTheBatchAround()
    {
        using Network two = Constant(2), one = Constant(1);
        float[] both = Run(two, 8), alone = Run(one, 5), first = both[..320], second = both[320..];
        Assert.Multiple(() =>
        {
            Assert.That(first, Is.Not.EqualTo(second));
            Assert.That(both[..200], Is.EqualTo(alone), "member 0, five rows of eight");
        });
    }

    [Test]
    public void Masks_OverImages_AreTheSame_InAnyOrderOfMemory()
    {
        // An ensemble's images lie channel by channel, a single network's pixel by pixel.
        NetworkSpec images = new()
        {
            InputShape = [2, 7, 6],
            Layers = [NetworkLayer.Conv(3, 2, 1), NetworkLayer.Dropout(0.5f), NetworkLayer.Flatten, NetworkLayer.Linear(4)],
        };
        using Network two = new(images with { Members = 2 }, 3), one = new(images, 3);
        for (int i = 0; i < one.Weights.Rows; i++)
            one.Weights[i] = two.MemberWeights(0)[i];
        float[] alone = Run(one, 5);
        Assert.That(Run(two, 5)[..alone.Length], Is.EqualTo(alone).Within(2e-6));
    }

    [Test]
    public void Neighbouring_RowsAndLayers_AreNotCorrelated()
    {
        using Network network = Constant(1);
        float[] values = Run(network, 400);
        int same = 0;
        for (int i = 40; i < values.Length; i++)
            same += (values[i] == 0) == (values[i - 40] == 0) ? 1 : 0;
        double expected = (0.75 * 0.75) + (0.25 * 0.25), count = values.Length - 40;
        Assert.That(same / count, Is.EqualTo(expected).Within(5 * Math.Sqrt(expected * (1 - expected) / count)));
    }

    [Test]
    public void Evaluation_DropsNothing()
    {
        using Network network = Constant(1);
        using Pinned<float> input = SmallNetworks.Input(network, 8);
        Assert.That(SmallNetworks.Values(network.Forward(input, ForwardMode.Evaluation)), Is.All.EqualTo(1f));
    }

    /// <summary>Outputs 1 before dropout.</summary>
    private static Network Constant(int members)
    {
        Network network = new(OneLayer with { Members = members }, 3);
        foreach (NetworkParameter parameter in network.Parameters)
        {
            for (int i = 0; i < parameter.Count; i++)
                network.Weights[parameter.Offset + i] = parameter.IsBias ? 1 : 0;
        }

        return network;
    }

    private static float[] Run(Network network, int rows)
    {
        using Pinned<float> input = SmallNetworks.Input(network, rows);
        return SmallNetworks.Values(network.Forward(input, ForwardMode.Training));
    }
}
