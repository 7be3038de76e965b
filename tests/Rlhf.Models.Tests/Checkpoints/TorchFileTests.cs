using System.Text.Json;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tests.Checkpoints;

public sealed class TorchFileTests
{
    private static readonly byte[] SixFloats = PickleBuilder.Floats(0, 1, 2, 3, 4, 5);

    [Test]
    public void Open_ReadsACheckpointThatPyTorchWrote()
    {
        using TorchFile file = TorchFile.Open(TestDirectory.Fixture("models/gpt2_bin/checkpoint/pytorch_model.bin"));
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(TestDirectory.Fixture("models/gpt2_bin/checkpoint/config.json")));
        int vocab = config.RootElement.GetProperty("vocab_size").GetInt32();
        int width = config.RootElement.GetProperty("n_embd").GetInt32();

        TensorInfo embedding = file.Tensors.Single(tensor => tensor.Name == "wte.weight");
        float[] values = new float[vocab * width];
        file.Read("wte.weight", values);

        Assert.Multiple(() =>
        {
            Assert.That(embedding.Shape, Is.EqualTo(new[] { vocab, width }));
            Assert.That(embedding.DType, Is.EqualTo("F32"));
            Assert.That(values.Distinct().Count(), Is.GreaterThan(values.Length / 2));
            Assert.That(values, Has.All.InRange(-10f, 10f));
            Assert.That(file.Tensors.Select(tensor => tensor.Name), Has.Some.EndsWith("attn.bias"));
        });
    }

    [Test]
    public void Read_FollowsOffsetAndStrides_OfViewsThatShareAStorage()
    {
        byte[] pickle = new PickleBuilder().BeginOrderedDict()
            .Text("whole").Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1])
            .Text("transposed").Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3])
            .Text("tail").Tensor("FloatStorage", "0", 6, 4, [2], [1])
            .Text("column").Tensor("FloatStorage", "0", 6, 1, [2, 1], [3, 1])
            .Text("repeated").Tensor("FloatStorage", "0", 6, 5, [3], [0])
            .Text("scalar").Tensor("FloatStorage", "0", 6, 2, [], [])
            .Text("empty").Tensor("FloatStorage", "0", 6, 6, [0, 3], [3, 1])
            .EndDict().Stop();
        using TestDirectory directory = new();
        using TorchFile file = TorchFile.Open(directory.File("m.bin", PickleBuilder.Archive(pickle, ("0", SixFloats))));

        Assert.Multiple(() =>
        {
            Assert.That(Read(file, "whole", 6), Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 5 }));
            Assert.That(Read(file, "transposed", 6), Is.EqualTo(new float[] { 0, 3, 1, 4, 2, 5 }));
            Assert.That(Read(file, "tail", 2), Is.EqualTo(new float[] { 4, 5 }));
            Assert.That(Read(file, "column", 2), Is.EqualTo(new float[] { 1, 4 }));
            Assert.That(Read(file, "repeated", 3), Is.EqualTo(new float[] { 5, 5, 5 }));
            Assert.That(Read(file, "scalar", 1), Is.EqualTo(new float[] { 2 }));
            Assert.That(Read(file, "empty", 0), Is.Empty);
            Assert.That(file.Tensors.Select(tensor => tensor.Name).First(), Is.EqualTo("whole"));
        });
    }

    [Test]
    public void Read_ConvertsHalfTypes_AndUnwrapsParameters()
    {
        byte[] pickle = new PickleBuilder().Op('}').Op('(')
            .Text("half").Tensor("HalfStorage", "h", 1, 0, [1], [1])
            .Text("brain").Global("torch._utils", "_rebuild_parameter").Op('(').Tensor("BFloat16Storage", "b", 1, 0, [1], [1])
            .Op(0x88).BeginOrderedDict().EndDict().Op('t').Op('R')
            .EndDict().Stop();
        using TestDirectory directory = new();
        using TorchFile file = TorchFile.Open(directory.File("m.bin", PickleBuilder.Archive(pickle, ("h", [0, 0xC5]), ("b", [0x40, 0x40]))));
        Assert.That(Read(file, "half", 1), Is.EqualTo(new[] { -5f }));
        Assert.That(Read(file, "brain", 1), Is.EqualTo(new[] { 3f }));
    }

    [Test]
    public void Open_IgnoresTheMetadataAttributeOfAStateDict()
    {
        byte[] pickle = new PickleBuilder().BeginOrderedDict().Text("w").Tensor("FloatStorage", "0", 6, 0, [6], [1]).EndDict()
            .Op('}').Text("_metadata").BeginOrderedDict().Text("").Op('}').Text("version").Int(1).Op('s').EndDict().Op('s').Op('b').Stop();
        using TestDirectory directory = new();
        using TorchFile file = TorchFile.Open(directory.File("m.bin", PickleBuilder.Archive(pickle, ("0", SixFloats))));
        Assert.That(file.Tensors.Single().Name, Is.EqualTo("w"));
    }

    private static IEnumerable<TestCaseData> MaliciousPickles()
    {
        yield return Case("os.system", new PickleBuilder().Global("os", "system").Op('(').Text("echo").Op('t').Op('R').Stop(), "refused: the pickle asks for 'os.system'");
        yield return Case("stack global", new PickleBuilder().Text("builtins").Text("eval").Op(0x93).Stop(), "'builtins.eval'");
        yield return Case("numpy", new PickleBuilder().Global("numpy.core.multiarray", "_reconstruct").Stop(), "'numpy.core.multiarray._reconstruct'");
        yield return Case("other torch name", new PickleBuilder().Global("torch", "load").Stop(), "'torch.load'");
        yield return Case("rebuild of another kind", new PickleBuilder().Global("torch._utils", "_rebuild_sparse_tensor").Stop(), "_rebuild_sparse_tensor'");
        yield return Case("newline in a name", new PickleBuilder().Text("a\nb").Text("c").Op(0x93).Stop(), "'a?b.c'");
        yield return Case("call of a dict", new PickleBuilder().Op('}').Op(')').Op('R').Stop(), "a call of something");
        yield return Case("OrderedDict with items", new PickleBuilder().Global("collections", "OrderedDict").Ints(1).Op('R').Stop(), "call of collections.OrderedDict");
        yield return Case("state of a list", new PickleBuilder().Op(']').Op('}').Op('b').Stop(), "sets the state");
        yield return Case("object construction", new PickleBuilder().Global("collections", "OrderedDict").Op(')').Op(0x81).Stop(), "opcode 0x81");
        yield return Case("unknown opcode", new PickleBuilder().Op(0xFF).Stop(), "opcode 0xff");
        yield return Case("protocol 0 int", new PickleBuilder().Op('I').Stop(), "opcode 0x49 ('I')");
        yield return Case("protocol 9", new PickleBuilder().Op(0x80, 9).Stop(), "protocol 9");
        yield return Case("empty stack", new PickleBuilder().Stop(), "stack is empty");
        yield return Case("pop below a mark", new PickleBuilder().Op('N').Op('(').Op('0').Stop(), "stack is empty");
        yield return Case("no mark", new PickleBuilder().Op('t').Stop(), "no mark");
        yield return Case("memo never stored", new PickleBuilder().Op((byte)'j', 0xFF, 0xFF, 0xFF, 0xFF).Stop(), "memo entry 4294967295");
        yield return Case("text of 4 GB", new PickleBuilder().Op((byte)'X', 0xFF, 0xFF, 0xFF, 0xFF).Stop(), "truncated, 4294967295 bytes wanted");
        yield return Case("integer of 200 bytes", new PickleBuilder().Op(0x8a, 200).Op(new byte[200]).Stop(), "integer of 200 bytes");
        yield return Case("text not UTF-8", new PickleBuilder().Op((byte)'X', 1, 0, 0, 0, 0xFF).Stop(), "not valid UTF-8");
        yield return Case("no stop", new PickleBuilder().Op('N').Stop()[..^1], "truncated");
        yield return Case("not a dict", new PickleBuilder().Int(3).Stop(), "holds no dict");
        yield return Case("entry not a tensor", new PickleBuilder().Op('}').Text("k").Int(3).Op('s').Stop(), "entry 'k' is not a tensor");
        yield return Case("key of a list", new PickleBuilder().Op('}').Op(']').Int(3).Op('s').Stop(), "dict key");
        yield return Case("key twice", new PickleBuilder().Op('}').Text("k").Int(3).Op('s').Text("k").Int(4).Op('s').Stop(), "'k' appears twice");
        yield return Case("persistent id", new PickleBuilder().Text("storage").Op('Q').Stop(), "persistent id");
        yield return Case("negative count", Tensor(-1, 0, [1], [1]), "persistent id");
        yield return Case("absurd count", Tensor(long.MaxValue, 0, [1], [1]), "overflow");
        yield return Case("count differs", Tensor(7, 0, [1], [1]), "'w': storage '0' has 24 bytes, expected 28");
        yield return Case("negative offset", Tensor(6, -1, [1], [1]), "offset -1");
        yield return Case("beyond the end", Tensor(6, 1, [2, 3], [3, 1]), "reach beyond its 6 elements");
        yield return Case("negative stride", Tensor(6, 5, [2], [-1]), "size or stride 0");
        yield return Case("huge stride", Tensor(6, 0, [2, 2], [long.MaxValue, long.MaxValue]), "reach beyond");
        yield return Case("huge shape", Tensor(6, 0, [int.MaxValue, int.MaxValue, int.MaxValue], [0, 0, 0]), "more elements than one array");
        yield return Case("shape too long", Tensor(6, 0, [1, 1], [1]), "2 sizes and 1 strides");
        yield return Case("no such storage", new PickleBuilder().Op('}').Text("w").Tensor("FloatStorage", "../0", 6, 0, [6], [1]).Op('s').Stop(), "no storage '../0'");

        static byte[] Tensor(long count, long offset, long[] shape, long[] strides) =>
            new PickleBuilder().Op('}').Text("w").Tensor("FloatStorage", "0", count, offset, shape, strides).Op('s').Stop();

        static TestCaseData Case(string name, byte[] pickle, string reason) => new TestCaseData(pickle, reason).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(MaliciousPickles))]
    public void Open_RefusesPickle_NamingTheReason(byte[] pickle, string reason)
    {
        using TestDirectory directory = new();
        AssertRefused(directory.File("bad.bin", PickleBuilder.Archive(pickle, ("0", SixFloats))), reason);
    }

    [Test]
    public void Open_RefusesDeepNesting_WithoutOverflowingTheStack()
    {
        // A million lists, each inside the next, as the value of one key.
        PickleBuilder builder = new PickleBuilder().Op('}').Text("k");
        for (int i = 0; i < 1_000_000; i++)
            builder.Op(']');
        for (int i = 1; i < 1_000_000; i++)
            builder.Op('a');
        using TestDirectory directory = new();
        AssertRefused(directory.File("deep.bin", PickleBuilder.Archive(builder.Op('s').Stop())), "entry 'k' is not a tensor");
    }

    [Test]
    public void Open_RefusesOtherFiles_NamingTheForm()
    {
        using TestDirectory directory = new();
        byte[] pickle = new PickleBuilder().Op('}').Stop();
        AssertRefused(directory.File("legacy.bin", [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc]), "legacy torch.save form");
        AssertRefused(directory.File("text.bin", "hello"u8.ToArray()), "not a zip archive");
        AssertRefused(directory.File("empty.bin", []), "not a zip archive");
        AssertRefused(directory.File("none.bin", PickleBuilder.Zip(("a/other", pickle))), "0 entries named data.pkl");
        AssertRefused(directory.File("two.bin", PickleBuilder.Zip(("a/data.pkl", pickle), ("b/data.pkl", pickle))), "2 entries named data.pkl");
        AssertRefused(directory.File("big.bin", PickleBuilder.Zip(("a/data.pkl", pickle), ("a/byteorder", "big"u8.ToArray()))), "byteorder is 'big'");
    }

    [Test]
    public void Read_RefusesWrongNameTypeAndSize()
    {
        byte[] pickle = new PickleBuilder().BeginOrderedDict()
            .Text("w").Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1])
            .Text("mask").Tensor("BoolStorage", "1", 2, 0, [2], [1])
            .EndDict().Stop();
        using TestDirectory directory = new();
        using TorchFile file = TorchFile.Open(directory.File("m.bin", PickleBuilder.Archive(pickle, ("0", SixFloats), ("1", [1, 0]))));
        Assert.That(() => Read(file, "x", 1), Throws.TypeOf<DataFormatException>().With.Message.Contains("no tensor 'x'"));
        Assert.That(() => Read(file, "mask", 2), Throws.TypeOf<DataFormatException>().With.Message.Contains("'mask': dtype BOOL"));
        Assert.That(() => Read(file, "w", 5), Throws.TypeOf<DataFormatException>().With.Message.Contains("shape [2, 3] has 6 elements, expected 5"));
    }

    [Test]
    public void OpenAndRead_SucceedOrThrowDataFormatException_AfterTruncationsAndBitFlips()
    {
        byte[] pickle = new PickleBuilder().BeginOrderedDict().Text("w").Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3]).EndDict().Stop();
        byte[] archive = PickleBuilder.Archive(pickle, ("0", SixFloats));
        using TestDirectory directory = new();
        Random random = new(99);
        int refused = 0;
        for (int round = 0; round < archive.Length + 500; round++)
        {
            byte[] content = [.. archive];
            if (round < archive.Length)
                content = archive[..round];
            else
                content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
            string path = directory.File("fuzz.bin", content);
            try
            {
                using TorchFile file = TorchFile.Open(path);
                foreach (TensorInfo tensor in file.Tensors.Where(tensor => tensor.DType == "F32"))
                    Read(file, tensor.Name, tensor.Shape.Aggregate(1, (product, size) => product * size));
            }
            catch (DataFormatException error)
            {
                Assert.That(error.Message, Does.StartWith(path).And.Not.Contain("\n"));
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(archive.Length));
    }

    private static float[] Read(TorchFile file, string name, int count)
    {
        float[] values = new float[count];
        file.Read(name, values);
        return values;
    }

    private static void AssertRefused(string path, string reason)
    {
        DataFormatException? error = Assert.Throws<DataFormatException>(() => TorchFile.Open(path).Dispose(), path);
        Assert.That(error!.Message, Does.StartWith(path).And.Contain(reason).And.Not.Contain("\n"));
    }
}
