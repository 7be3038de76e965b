using Rlhf.Models.Checkpoints;
using Rlhf.Models.Networks;
using Rlhf.Models.Tests.Checkpoints;

namespace Rlhf.Models.Tests.Networks;

public sealed class NetworkFileTests
{
    private const string Name = "conv, batch norm, dropout";

    [Test]
    public void Load_BringsBackWeightsAndStatistics_BitForBit()
    {
        using TestDirectory directory = new();
        using Network saved = SmallNetworks.Make(Name, 2), loaded = SmallNetworks.Make(Name, 2, seed: 9);
        saved.Save(directory.Combine("network.safetensors"));
        loaded.Load(directory.Combine("network.safetensors"));
        Assert.That(SmallNetworks.Values(loaded.Weights), Is.EqualTo(SmallNetworks.Values(saved.Weights)));
        Assert.That(SmallNetworks.Values(loaded.Buffers), Is.EqualTo(SmallNetworks.Values(saved.Buffers)));
    }

    [Test]
    public void Clone_IsApart()
    {
        using Network network = SmallNetworks.Make(Name, 2), clone = network.Clone();
        Assert.That(SmallNetworks.Values(clone.Weights), Is.EqualTo(SmallNetworks.Values(network.Weights)));
        Assert.That(SmallNetworks.Values(clone.Buffers), Is.EqualTo(SmallNetworks.Values(network.Buffers)));
        clone.Weights[0] += 1;
        Assert.That(network.Weights[0], Is.EqualTo(clone.Weights[0] - 1).Within(1e-6));
    }

    [Test]
    public void Load_NamesWhatDoesNotFit_AndChangesNothing()
    {
        using TestDirectory directory = new();
        string path = directory.Combine("network.safetensors");
        NetworkSpec spec = NetworkSpec.Mlp(5, [8], 2, NetworkLayer.Tanh);
        using Network saved = new(spec, 1), wider = new(NetworkSpec.Mlp(5, [9], 2, NetworkLayer.Tanh), 2), more = new(spec with { Members = 2 }, 2);
        saved.Save(path);
        float[] before = SmallNetworks.Values(wider.Weights);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => wider.Load(path),
                Throws.TypeOf<DataFormatException>().With.Message.Contains("'members.0.0.weight' is [8, 5], expected [9, 5]").And.Message.Contains("[5] → linear 8 → tanh → linear 2"));
            Assert.That(SmallNetworks.Values(wider.Weights), Is.EqualTo(before));
            Assert.That(() => more.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("members.1.0.weight"));
            Assert.That(() => wider.CopyFrom(saved), Throws.ArgumentException.With.Message.EqualTo("the source network is [5] → linear 8 → tanh → linear 2, expected [5] → linear 9 → tanh → linear 2"));
        });
        more.Save(path);
        Assert.That(() => saved.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("8 tensors, expected the 4 of"));
        Assert.That(() => saved.Load(directory.Combine("none")), Throws.TypeOf<DataFormatException>());
    }
}
