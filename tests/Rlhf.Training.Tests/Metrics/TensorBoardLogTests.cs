using System.Buffers.Binary;
using System.Text;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.Tests.Metrics;

public sealed class TensorBoardLogTests
{
    private static readonly DateTimeOffset Noon = new(2020, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private string _directory = null!;

    [SetUp]
    public void SetUp() => _directory = Directory.CreateTempSubdirectory("rlhf-tb-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void MaskedCrc_IsTheMaskOfCrc32C() =>
        // The check value of CRC-32C (Castagnoli) is E3069283.
        Assert.That(
            TensorBoardLog.MaskedCrc("123456789"u8),
            Is.EqualTo(unchecked(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xa282ead8u)));

    [Test]
    public void File_BeginsWithTheVersionThatReadersLookFor()
    {
        using (new TensorBoardLog(_directory, new Clock()))
        {
        }

        byte[] first = Records().Single();
        Assert.That(first[0], Is.EqualTo(0x09), "field 1, 64 bits: wall time");
        Assert.That(BinaryPrimitives.ReadDoubleLittleEndian(first.AsSpan(1)), Is.EqualTo(Noon.ToUnixTimeSeconds()));
        Assert.That(Encoding.UTF8.GetString(first[^13..]), Is.EqualTo("brain.Event:2"));
    }

    [Test]
    public void Stepped_WritesEveryMetricAtItsStep()
    {
        using (var log = new TensorBoardLog(_directory, new Clock()))
            log.Stepped(300, new Dictionary<string, double> { ["loss/policy_avg"] = 0.5, ["val/ratio"] = double.NaN });

        byte[] record = Records()[1];

        // Written out by hand from event.proto and summary.proto: step 300 is the varint AC 02; a value's tag is field 1, its number field 2.
        byte[] loss = [0x0A, 15, .. "loss/policy_avg"u8, 0x15, 0, 0, 0, 0x3F];
        byte[] ratio = [0x0A, 9, .. "val/ratio"u8, 0x15, .. BitConverter.GetBytes(float.NaN)];
        byte[] summary = [0x0A, (byte)loss.Length, .. loss, 0x0A, (byte)ratio.Length, .. ratio];
        byte[] expected = [0x10, 0xAC, 0x02, 0x2A, (byte)summary.Length, .. summary];
        Assert.That(record[9..], Is.EqualTo(expected));
    }

    [Test]
    public void Stepped_IsReadableBeforeTheRunEnds()
    {
        using var log = new TensorBoardLog(_directory, new Clock());
        log.Stepped(1, new Dictionary<string, double> { ["loss"] = 1 });
        Assert.That(Records(), Has.Length.EqualTo(2));
    }

    private byte[][] Records()
    {
        using var file = new FileStream(Directory.GetFiles(_directory).Single(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        List<byte[]> records = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            byte[] record = bytes[(at + 12)..(at + 12 + length)];
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)), Is.EqualTo(TensorBoardLog.MaskedCrc(bytes.AsSpan(at, 8))));
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)), Is.EqualTo(TensorBoardLog.MaskedCrc(record)));
            records.Add(record);
            at += length + 16;
        }

        return [.. records];
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Noon;
    }
}
