using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkInitTests
{
    [TestCase(12, 5)]
    [TestCase(5, 12)]
    [TestCase(7, 7)]
    public void Orthogonal_RowsOrColumns_HaveTheGainAsLength(int outputs, int inputs)
    {
        using Network network = new(new NetworkSpec { InputShape = [inputs], Layers = [NetworkLayer.Linear(outputs, gain: 1.5f, bias: 0.3f)] }, 4);
        float[] weight = SmallNetworks.Values(network.Weights);
        bool tall = outputs > inputs;
        int count = Math.Min(outputs, inputs), length = Math.Max(outputs, inputs);
        Assert.Multiple(() =>
        {
            for (int a = 0; a < count; a++)
            {
                for (int b = 0; b < count; b++)
                {
                    double dot = Enumerable.Range(0, length).Sum(k => (double)At(a, k) * At(b, k));
                    Assert.That(dot, Is.EqualTo(a == b ? 2.25 : 0).Within(1e-5), $"{a}, {b}");
                }
            }

            Assert.That(weight[(outputs * inputs)..], Is.All.EqualTo(0.3f));
        });

        float At(int vector, int k) => tall ? weight[(k * inputs) + vector] : weight[(vector * inputs) + k];
    }

    [Test]
    public void Heads_HaveGainsOfTheirOwn()
    {
        using Network network = new(new NetworkSpec { InputShape = [9], Layers = [NetworkLayer.Heads((4, 0.01f), (1, 1f))] }, 4);
        double[] lengths = [.. Enumerable.Range(0, 5).Select(row => Math.Sqrt(Enumerable.Range(0, 9).Sum(i => Math.Pow(network.Weights[(row * 9) + i], 2))))];
        Assert.That(lengths, Is.EqualTo(new[] { 0.01, 0.01, 0.01, 0.01, 1 }).Within(1e-6));
    }

    [Test]
    public void WithoutAGain_ValuesAreUniform_ByFanIn()
    {
        using Network network = new(new NetworkSpec { InputShape = [4, 9, 9], Layers = [NetworkLayer.Conv(32, 5, 2)] }, 4);
        float[] values = SmallNetworks.Values(network.Weights);
        double bound = 1 / Math.Sqrt(4 * 25);
        Assert.Multiple(() =>
        {
            Assert.That(values.Max(Math.Abs), Is.LessThanOrEqualTo(bound).And.GreaterThan(0.99 * bound));
            Assert.That(values.Average(value => (double)value * value), Is.EqualTo(bound * bound / 3).Within(0.05 * bound * bound));
            Assert.That(values[^32..].Distinct().Count(), Is.GreaterThan(30), "biases too");
        });
    }

    [Test]
    public void Weights_FollowFromTheSeed_AndMembersDiffer()
    {
        NetworkSpec spec = NetworkSpec.Mlp(5, [8], 2, NetworkLayer.Tanh, outputGain: 1, members: 3);
        using Network a = new(spec, 1), b = new(spec, 1), c = new(spec, 2), fewer = new(spec with { Members = 1 }, 1);
        Assert.Multiple(() =>
        {
            Assert.That(SmallNetworks.Values(a.Weights), Is.EqualTo(SmallNetworks.Values(b.Weights)).And.Not.EqualTo(SmallNetworks.Values(c.Weights)));
            Assert.That(SmallNetworks.Values(a.MemberWeights(0)), Is.Not.EqualTo(SmallNetworks.Values(a.MemberWeights(1))));
            Assert.That(SmallNetworks.Values(a.MemberWeights(0)), Is.EqualTo(SmallNetworks.Values(fewer.Weights)), "whatever the number of members");
        });
    }

    [Test]
    public void Initialize_RenewsOneMember()
    {
        using Network network = SmallNetworks.Make("batch norm after linear", 3);
        float[] before = SmallNetworks.Values(network.Weights);
        network.Initialize(1, seed: 77);
        int count = network.WeightsPerMember;
        float[] after = SmallNetworks.Values(network.Weights);
        Assert.Multiple(() =>
        {
            Assert.That(after[..count], Is.EqualTo(before[..count]));
            Assert.That(after[count..(2 * count)], Is.Not.EqualTo(before[count..(2 * count)]));
            Assert.That(after[(2 * count)..], Is.EqualTo(before[(2 * count)..]));
            Assert.That(SmallNetworks.Values(network.Buffers)[12..24], Is.EqualTo(new float[] { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 }));
            Assert.That(() => network.Initialize(3, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });
    }
}
