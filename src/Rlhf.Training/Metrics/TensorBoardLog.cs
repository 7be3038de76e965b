using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Rlhf.Training.Metrics;

/// <summary>
/// Writes a run's metrics as TensorBoard scalars: one event file in the run's directory, a record a step, flushed as it is written.
/// </summary>
/// <remarks>
/// The file is a sequence of records (length, masked CRC-32C of the length, bytes, masked CRC-32C of the bytes) that each hold one
/// <c>tensorflow.Event</c> message. NaN and infinities are written as they are; TensorBoard draws them as marks.
/// </remarks>
public sealed class TensorBoardLog : ITrainingObserver, IDisposable
{
    private const uint MaskDelta = 0xa282ead8;

    private readonly FileStream _file;
    private readonly TimeProvider _clock;

    /// <summary>A new event file; a resumed run adds another, which TensorBoard reads as one.</summary>
    /// <param name="directory">Made if needed: what <c>tensorboard --logdir</c> takes, or a folder above it.</param>
    /// <param name="clock">Wall time of the events and of the file's name; the system's unless given.</param>
    public TensorBoardLog(string directory, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        Directory.CreateDirectory(directory);
        string name = $"events.out.tfevents.{_clock.GetUtcNow().ToUnixTimeMilliseconds():D13}.{Environment.MachineName}.{Environment.ProcessId}";
        _file = new FileStream(Path.Combine(directory, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Write(Event(step: 0, fields => Field(fields, 3, Encoding.UTF8.GetBytes("brain.Event:2"))));
    }

    /// <inheritdoc/>
    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics) => Write(Event(step, fields =>
    {
        using var summary = new MemoryStream();
        foreach ((string name, double value) in metrics)
        {
            using var scalar = new MemoryStream();
            Field(scalar, 1, Encoding.UTF8.GetBytes(name));
            Fixed32(scalar, 2, (float)value);
            Field(summary, 1, scalar.ToArray());
        }

        Field(fields, 5, summary.ToArray());
    }));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The CRC of a record, rotated so that the CRC of data that contains CRCs stays meaningful.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    private byte[] Event(long step, Action<MemoryStream> what)
    {
        using var fields = new MemoryStream();
        Span<byte> time = stackalloc byte[9];
        time[0] = (1 << 3) | 1;
        BinaryPrimitives.WriteDoubleLittleEndian(time[1..], (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
        fields.Write(time);
        fields.WriteByte(2 << 3);
        Varint(fields, (ulong)step);
        what(fields);
        return fields.ToArray();
    }

    private void Write(byte[] record)
    {
        byte[] framed = new byte[record.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(framed, (ulong)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(8), MaskedCrc(framed.AsSpan(0, 8)));
        record.CopyTo(framed, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(12 + record.Length), MaskedCrc(record));
        _file.Write(framed);
    }

    private static void Field(MemoryStream to, int number, byte[] bytes)
    {
        to.WriteByte((byte)((number << 3) | 2));
        Varint(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    private static void Fixed32(MemoryStream to, int number, float value)
    {
        Span<byte> bytes = stackalloc byte[5];
        bytes[0] = (byte)((number << 3) | 5);
        BinaryPrimitives.WriteSingleLittleEndian(bytes[1..], value);
        to.Write(bytes);
    }

    private static void Varint(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }
}
