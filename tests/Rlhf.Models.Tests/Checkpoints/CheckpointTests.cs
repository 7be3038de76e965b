using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tests.Checkpoints;

public sealed class CheckpointTests
{
    [TestCase("gpt2")]
    [TestCase("gpt2_bin")]
    [TestCase("llama_gqa_sharded")]
    [TestCase("pythia")]
    public void Open_FindsTheWeights_OfEveryForm(string fixture)
    {
        using ICheckpoint checkpoint = Checkpoint.Open(TestDirectory.Fixture($"models/{fixture}/checkpoint"));
        Assert.That(checkpoint.Tensors, Has.Count.GreaterThan(10));
        foreach (TensorInfo tensor in checkpoint.Tensors.Where(tensor => tensor.DType is "F32" or "F16" or "BF16"))
        {
            float[] values = new float[tensor.Count];
            checkpoint.Read(tensor.Name, values);
            Assert.That(values, Has.None.NaN, tensor.Name);
            Assert.That(File.Exists(tensor.File), tensor.File);
        }
    }

    [Test]
    public void Open_ListsWhatItLookedFor_WhenNothingIsThere()
    {
        using TestDirectory directory = new();
        Assert.That(() => Checkpoint.Open(directory.Path), Throws.TypeOf<DataFormatException>().With.Message.EqualTo(
            $"{directory.Path}: no weights in this directory, expected one of model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json"));
        Assert.That(() => Checkpoint.Open(directory.Combine("absent")), Throws.TypeOf<DataFormatException>().With.Message.Contains("file not found"));
    }

    [Test]
    public void Open_ReadsShardedTorchFiles()
    {
        using TestDirectory directory = new();
        byte[] Shard(string name, float value) => PickleBuilder.Archive(
            new PickleBuilder().Op('}').Text(name).Tensor("FloatStorage", "0", 1, 0, [1], [1]).Op('s').Stop(), ("0", PickleBuilder.Floats(value)));
        directory.File("one.bin", Shard("a", 1));
        directory.File("two.bin", Shard("b", 2));
        directory.File("pytorch_model.bin.index.json", """{"metadata":{"total_size":8},"weight_map":{"b":"two.bin","a":"one.bin"}}"""u8.ToArray());

        using ICheckpoint checkpoint = Checkpoint.Open(directory.Path);
        float[] value = new float[1];
        checkpoint.Read("b", value);

        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Name), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(value[0], Is.EqualTo(2f));
    }

    [TestCase("""{"weight_map":{"a":"../x.safetensors"}}""", "expected the name of a file in the same directory")]
    [TestCase("""{"weight_map":{"a":7}}""", "expected the name of a file")]
    [TestCase("""{"weight_map":{}}""", "weight_map is empty")]
    [TestCase("""{"weights":{}}""", "no object 'weight_map'")]
    [TestCase("""{"weight_map":{"a":"x.safetensors","a":"x.safetensors"}}""", "names 'a' twice")]
    [TestCase("""{"weight_map":""", "not valid JSON")]
    [TestCase("""{"weight_map":{"c":"x.safetensors"}}""", "tensor 'c' is not in 'x.safetensors'")]
    [TestCase("""{"weight_map":{"a":"y.safetensors"}}""", "file not found")]
    public void Open_RefusesIndex_NamingTheReason(string index, string reason)
    {
        using TestDirectory directory = new();
        directory.File("x.safetensors", SafetensorsBytes.Small);
        directory.File("model.safetensors.index.json", System.Text.Encoding.UTF8.GetBytes(index));
        DataFormatException? error = Assert.Throws<DataFormatException>(() => Checkpoint.Open(directory.Path).Dispose());
        Assert.That(error!.Message, Does.StartWith(directory.Path).And.Contain(reason).And.Not.Contain("\n"));
    }
}
