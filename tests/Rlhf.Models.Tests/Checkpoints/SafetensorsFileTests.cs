using System.Text.Json;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    [Test]
    public void Open_ListsTensorsInFileOrder_WithDtypeAndShape()
    {
        using TestDirectory directory = new();
        string json = """{"__metadata__":{"format":"pt"},"late":{"dtype":"BOOL","shape":[2,1],"data_offsets":[4,6]},"early":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}   """;
        using SafetensorsFile file = SafetensorsFile.Open(directory.File("x.safetensors", SafetensorsBytes.Make(json, 0, 0x3C, 1, 0, 1, 0)));

        Assert.Multiple(() =>
        {
            Assert.That(file.Tensors.Select(tensor => tensor.Name), Is.EqualTo(new[] { "early", "late" }));
            Assert.That(file.Info("late").Shape, Is.EqualTo(new[] { 2, 1 }));
            Assert.That(file.Info("late").DType, Is.EqualTo("BOOL"));
            Assert.That(file.Metadata["format"], Is.EqualTo("pt"));
            Assert.That(file.ReadSingle("early"), Is.EqualTo(new[] { 1f, (float)BitConverter.UInt16BitsToHalf(1) }));
            Assert.That(file.ReadBoolean("late"), Is.EqualTo(new[] { true, false }));
        });
    }

    [TestCase("F64", new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0xBF }, -1.5)]
    [TestCase("F32", new byte[] { 0, 0, 0x20, 0x40 }, 2.5)]
    [TestCase("F16", new byte[] { 0, 0xC5 }, -5.0)]
    [TestCase("BF16", new byte[] { 0x40, 0x40 }, 3.0)]
    public void Read_ConvertsEveryFloatType(string dtype, byte[] raw, double expected)
    {
        using TestDirectory directory = new();
        using SafetensorsFile file = OpenOne(directory, dtype, raw);
        Assert.That(file.ReadSingle("t"), Is.EqualTo(new[] { (float)expected }));
        Assert.That(file.ReadDouble("t"), Is.EqualTo(new[] { expected }));
    }

    [TestCase("I64", new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, -2)]
    [TestCase("I32", new byte[] { 0xFD, 0xFF, 0xFF, 0xFF }, -3)]
    [TestCase("U32", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, uint.MaxValue)]
    [TestCase("I16", new byte[] { 0, 0x80 }, short.MinValue)]
    [TestCase("U16", new byte[] { 0, 0x80 }, 32768)]
    [TestCase("I8", new byte[] { 0x80 }, -128)]
    [TestCase("U8", new byte[] { 0x80 }, 128)]
    [TestCase("BOOL", new byte[] { 1 }, 1)]
    public void ReadInt64_ConvertsEveryIntegerType(string dtype, byte[] raw, long expected)
    {
        using TestDirectory directory = new();
        using SafetensorsFile file = OpenOne(directory, dtype, raw);
        Assert.That(file.ReadInt64("t"), Is.EqualTo(new[] { expected }));
    }

    [Test]
    public void Read_ReadsTensorsLargerThanOneChunk()
    {
        using TestDirectory directory = new();
        const int count = 700_001;
        byte[] data = new byte[count * 2];
        for (int i = 0; i < count; i++)
            BitConverter.TryWriteBytes(data.AsSpan(2 * i), (ushort)(i & 0x7F7F));
        string json = $$$"""{"t":{"dtype":"BF16","shape":[{{{count}}}],"data_offsets":[0,{{{2 * count}}}]}}""";
        using SafetensorsFile file = SafetensorsFile.Open(directory.File("x.safetensors", SafetensorsBytes.Make(json, data)));

        float[] values = file.ReadSingle("t");

        Assert.That(values.Select(value => BitConverter.SingleToUInt32Bits(value) >> 16), Is.EqualTo(Enumerable.Range(0, count).Select(i => (uint)(i & 0x7F7F))));
    }

    [TestCase("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'t' appears twice")]
    [TestCase("""{"t":{"dtype":"F12","shape":[1],"data_offsets":[0,8]}}""", "unknown dtype 'F12'")]
    [TestCase("""{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "span 8 bytes, expected 12 for F32 [3]")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "out of range")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "out of range")]
    [TestCase("""{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "out of range")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", "pair of 64-bit integers")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "pair of 64-bit integers")]
    [TestCase("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'u': begins at 0 and overlaps")]
    [TestCase("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "leaves a hole before it, expected 0")]
    [TestCase("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "8 bytes of data, expected 4")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,8]}}""", "overflows")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2147483648],"data_offsets":[0,8]}}""", "shape[0] is 2147483648")]
    [TestCase("""{"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "shape[0] is -2")]
    [TestCase("""{"t":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "shape[0] is \"2\"")]
    [TestCase("""{"t":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "shape is missing or not an array")]
    [TestCase("""{"t":{"shape":[2],"data_offsets":[0,8]}}""", "dtype is missing")]
    [TestCase("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1}}""", "unknown field 'extra'")]
    [TestCase("""{"t":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "field 'dtype' appears twice")]
    [TestCase("""{"t":[1]}""", "expected an object with dtype")]
    [TestCase("""["t"]""", "expected an object of tensors")]
    [TestCase("""{"t":""", "not valid JSON")]
    [TestCase("""{"a\nb":1}""", "tensor 'a?b'")]
    [TestCase("""{"\ud800":1}""", "not valid Unicode")]
    [TestCase("""{"__metadata__":{"a":1}}""", "__metadata__ 'a'")]
    public void Open_RefusesHeader_NamingFileAndReason(string json, string reason)
    {
        using TestDirectory directory = new();
        string path = directory.File("bad.safetensors", SafetensorsBytes.Make(json, new byte[8]));
        AssertRefused(path, reason);
    }

    [TestCase(new byte[] { 1, 2, 3 }, "3 bytes, expected at least the 8")]
    [TestCase(new byte[] { 200, 0, 0, 0, 0, 0, 0, 0, 1 }, "header length 200 but only 1 bytes")]
    [TestCase(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, "header length 18446744073709551615")]
    [TestCase(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 1 }, "header length 0")]
    public void Open_RefusesLength_NamingFileAndReason(byte[] content, string reason)
    {
        using TestDirectory directory = new();
        AssertRefused(directory.File("bad.safetensors", content), reason);
    }

    [Test]
    public void Open_RefusesMissingFileAndDirectory()
    {
        using TestDirectory directory = new();
        AssertRefused(directory.Combine("none.safetensors"), "file not found");
        AssertRefused(directory.Path, "is a directory");
    }

    [Test]
    public void Open_RefusesEveryTruncation()
    {
        using TestDirectory directory = new();
        for (int length = 0; length < SafetensorsBytes.Small.Length; length++)
            AssertRefused(directory.File("cut.safetensors", SafetensorsBytes.Small[..length]), "cut.safetensors");
    }

    [Test]
    public void Open_ReadsOrThrowsDataFormatException_AfterRandomBitFlips()
    {
        using TestDirectory directory = new();
        Random random = new(1234);
        int refused = 0;
        for (int round = 0; round < 600; round++)
        {
            byte[] content = (byte[])SafetensorsBytes.Small.Clone();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
                content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
            string path = directory.File("flip.safetensors", content);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (TensorInfo tensor in file.Tensors)
                    file.ReadBytes(tensor.Name);
            }
            catch (DataFormatException error)
            {
                Assert.That(error.Message, Does.StartWith(path).And.Not.Contain("\n"));
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(300), "most flips hit the header");
    }

    [Test]
    public void Read_RefusesWrongNameTypeAndSize()
    {
        using TestDirectory directory = new();
        using SafetensorsFile file = SafetensorsFile.Open(directory.File("x.safetensors", SafetensorsBytes.Small));
        Assert.Multiple(() =>
        {
            Assert.That(() => file.ReadSingle("c"), Throws.TypeOf<DataFormatException>().With.Message.Contains("no tensor 'c'"));
            Assert.That(() => file.ReadSingle("b"), Throws.TypeOf<DataFormatException>().With.Message.Contains("'b': dtype I64, expected F32"));
            Assert.That(() => file.ReadInt64("a"), Throws.TypeOf<DataFormatException>().With.Message.Contains("'a': dtype F32"));
            Assert.That(() => file.Read("a", new float[3]), Throws.TypeOf<DataFormatException>().With.Message.Contains("shape [2] has 2 elements, expected 3"));
            Assert.That(file.ReadSingle("a"), Is.EqualTo(new[] { 1f, -2f }));
            Assert.That(file.ReadInt64("b"), Is.EqualTo(new[] { 7L }));
        });
    }

    [Test]
    public void Open_AgreesWithCaseDescriptions_OnEveryFixture()
    {
        int tensors = 0;
        foreach (string path in Directory.EnumerateFiles(TestDirectory.Fixture(""), "tensors.safetensors", SearchOption.AllDirectories))
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            using JsonDocument description = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(path)!, "case.json")));
            foreach (JsonProperty tensor in description.RootElement.GetProperty("tensors").EnumerateObject())
            {
                TensorInfo info = file.Info(tensor.Name);
                Assert.That(info.DType, Is.EqualTo(tensor.Value.GetProperty("dtype").GetString()), $"{path} {tensor.Name}");
                Assert.That(info.Shape, Is.EqualTo(tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())), $"{path} {tensor.Name}");
                tensors++;
            }
        }

        Assert.That(tensors, Is.GreaterThan(500));
    }

    private static SafetensorsFile OpenOne(TestDirectory directory, string dtype, byte[] raw)
    {
        string json = $$$"""{"t":{"dtype":"{{{dtype}}}","shape":[1],"data_offsets":[0,{{{raw.Length}}}]}}""";
        return SafetensorsFile.Open(directory.File("x.safetensors", SafetensorsBytes.Make(json, raw)));
    }

    private static void AssertRefused(string path, string reason)
    {
        DataFormatException? error = Assert.Throws<DataFormatException>(() => SafetensorsFile.Open(path).Dispose(), path);
        Assert.That(error!.Message, Does.StartWith(path).And.Contain(reason).And.Not.Contain("\n"));
    }
}
