using System.Text;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tests.Checkpoints;

public sealed class CheckpointWriterTests
{
    [TestCase("F32")]
    [TestCase("BF16")]
    [TestCase("F16")]
    public void Write_RoundsToNearestEven_AndReadsBack(string dtype)
    {
        Random random = new(5);
        float[] values = [0f, -0f, 1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, .. Enumerable.Range(0, 300_000).Select(_ => (float)(random.NextDouble() * 200 - 100))];
        using TestDirectory directory = new();
        string path = directory.Combine("x.safetensors");

        SafetensorsWriter.Write(path, [Source("t", dtype, [values.Length], values)], new Dictionary<string, string> { ["step"] = "7" });

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(file.Metadata["step"], Is.EqualTo("7"));
        Assert.That(file.Info("t").DType, Is.EqualTo(dtype));
        Assert.That(file.ReadSingle("t"), Is.EqualTo(values.Select(value => Nearest(dtype, value))));
    }

    [TestCase(0x3F808000u, 0x3F80u, TestName = "Write_BFloat16TieGoesToEven_Down")]
    [TestCase(0x3F818000u, 0x3F82u, TestName = "Write_BFloat16TieGoesToEven_Up")]
    [TestCase(0x3F808001u, 0x3F81u, TestName = "Write_BFloat16AboveTieGoesUp")]
    [TestCase(0x7F7FFFFFu, 0x7F80u, TestName = "Write_BFloat16LargestFloatBecomesInfinity")]
    [TestCase(0x7F800001u, 0x7FC0u, TestName = "Write_BFloat16NanStaysNan")]
    public void Write_BFloat16(uint bits, uint expected)
    {
        using TestDirectory directory = new();
        string path = directory.Combine("x.safetensors");
        SafetensorsWriter.Write(path, [Source("t", "BF16", [1], [BitConverter.UInt32BitsToSingle(bits)])]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(BitConverter.ToUInt16(file.ReadBytes("t")), Is.EqualTo(expected));
    }

    [Test]
    public void Write_GivesTheSameAlignedBytes_WhateverTheOrderOfTensors()
    {
        TensorSource half = Source("a", "F16", [3], [1, 2, 3]);
        TensorSource full = Source("b", "F32", [1], [4]);
        using TestDirectory directory = new();
        SafetensorsWriter.Write(directory.Combine("1"), [half, full]);
        SafetensorsWriter.Write(directory.Combine("2"), [full, half]);

        byte[] bytes = File.ReadAllBytes(directory.Combine("1"));
        using SafetensorsFile file = SafetensorsFile.Open(directory.Combine("1"));
        Assert.That(File.ReadAllBytes(directory.Combine("2")), Is.EqualTo(bytes));
        Assert.That(BitConverter.ToInt64(bytes) % 8, Is.Zero);
        Assert.That(file.Tensors.Select(tensor => tensor.Name), Is.EqualTo(new[] { "b", "a" }));
    }

    [Test]
    public void Write_RefusesWhatCannotBeStored_AndLeavesNothing()
    {
        using TestDirectory directory = new();
        string path = directory.Combine("x.safetensors");
        Assert.Multiple(() =>
        {
            Assert.That(() => SafetensorsWriter.Write(path, [Source("t", "F64", [1], [1])]), Throws.ArgumentException.With.Message.Contains("'t': dtype F64"));
            Assert.That(() => SafetensorsWriter.Write(path, [Source("t", "F32", [2], [1])]), Throws.ArgumentException.With.Message.Contains("1 values, expected 2"));
            Assert.That(() => SafetensorsWriter.Write(path, [Source("t", "F32", [1], [1]), Source("t", "F32", [1], [1])]), Throws.ArgumentException.With.Message.Contains("given twice"));
            Assert.That(Directory.EnumerateFileSystemEntries(directory.Path), Is.Empty);
        });
    }

    [TestCase(1_000_000, new[] { "config.json", "model.safetensors" })]
    [TestCase(20, new[] { "config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json" })]
    public void Write_SplitsIntoShards_ThatReadBack(long maxShardBytes, string[] expectedFiles)
    {
        TensorSource[] tensors = [Source("a", "F32", [3], [1, 2, 3]), Source("b", "F32", [2], [4, 5]), Source("c", "F32", [6], [6, 7, 8, 9, 10, 11]), Source("d", "F32", [], [12])];
        using TestDirectory directory = new();
        string target = directory.Combine("model");

        CheckpointWriter.Write(target, "{}", tensors, maxShardBytes: maxShardBytes);

        Assert.That(Names(target), Is.EqualTo(expectedFiles));
        Assert.That(Names(directory.Path), Is.EqualTo(new[] { "model" }));
        using ICheckpoint checkpoint = Checkpoint.Open(target);
        foreach (TensorSource tensor in tensors)
        {
            float[] values = new float[tensor.Shape.Aggregate(1, (product, size) => product * size)];
            checkpoint.Read(tensor.Name, values);
            Assert.That(values, Is.EqualTo(tensor.Values().ToArray()), tensor.Name);
        }
    }

    [Test]
    public void Write_ReplacesAnOlderCheckpointWhole()
    {
        using TestDirectory directory = new();
        string target = directory.Combine("model");
        CheckpointWriter.Write(target, "{\"old\":1}", [Source("a", "F32", [2], [1, 2]), Source("b", "F32", [2], [3, 4])], maxShardBytes: 8);
        CheckpointWriter.Write(target + "/", "{\"new\":1}", [Source("c", "F32", [1], [5])], aside => File.WriteAllText(Path.Combine(aside, "trainer.json"), "{}"));

        Assert.That(Names(target), Is.EqualTo(new[] { "config.json", "model.safetensors", "trainer.json" }));
        Assert.That(File.ReadAllText(Path.Combine(target, "config.json")), Is.EqualTo("{\"new\":1}"));
        Assert.That(Names(directory.Path), Is.EqualTo(new[] { "model" }));
    }

    [Test]
    public void Write_KeepsTheOldCheckpoint_WhenWritingFails()
    {
        using TestDirectory directory = new();
        string target = directory.Combine("model");
        CheckpointWriter.Write(target, "{\"old\":1}", [Source("a", "F32", [1], [1])]);
        TensorSource failing = new("b", "F32", [1], () => throw new InvalidOperationException("lost"));

        Assert.That(() => CheckpointWriter.Write(target, "{\"new\":1}", [failing]), Throws.InvalidOperationException);

        Assert.That(File.ReadAllText(Path.Combine(target, "config.json")), Is.EqualTo("{\"old\":1}"));
        Assert.That(Names(directory.Path), Is.EqualTo(new[] { "model" }));
    }

    [Test]
    public void Write_RefusesADirectoryWithOtherFiles()
    {
        using TestDirectory directory = new();
        directory.File("model/thesis.txt", Encoding.UTF8.GetBytes("dear"));
        Assert.That(() => CheckpointWriter.Write(directory.Combine("model"), "{}", [Source("a", "F32", [1], [1])]),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("holds 'thesis.txt'"));
        Assert.That(File.ReadAllText(directory.Combine("model/thesis.txt")), Is.EqualTo("dear"));
        Assert.That(Names(directory.Path), Is.EqualTo(new[] { "model" }));
    }

    private static TensorSource Source(string name, string dtype, int[] shape, float[] values) => new(name, dtype, shape, () => values);

    private static IEnumerable<string?> Names(string directory) => Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    /// <summary>By definition: the neighbour at the smaller distance, computed in double.</summary>
    private static float Nearest(string dtype, float value)
    {
        if (dtype == "F32" || !float.IsFinite(value))
            return value;
        if (dtype == "F16")
            return (float)(Half)value;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        float low = BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000);
        float high = BitConverter.UInt32BitsToSingle((bits & 0xFFFF0000) + 0x10000);
        double toLow = Math.Abs((double)value - low), toHigh = Math.Abs((double)high - value);
        return toLow < toHigh || (toLow == toHigh && (bits & 0x10000) == 0) ? low : high;
    }
}
