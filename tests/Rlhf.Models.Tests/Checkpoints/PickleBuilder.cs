using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Rlhf.Models.Tests.Checkpoints;

/// <summary>Writes pickles opcode by opcode, good and malicious ones, and the zip archive around them.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _code = [];

    public PickleBuilder() => Op(0x80, 2);

    public PickleBuilder Op(params byte[] bytes)
    {
        _code.AddRange(bytes);
        return this;
    }

    public PickleBuilder Op(char opcode) => Op((byte)opcode);

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Op(length).Op(utf8);
    }

    public PickleBuilder Int(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Op(0x8a, 8).Op(bytes);
    }

    public PickleBuilder Ints(params long[] values)
    {
        Op('(');
        foreach (long value in values)
            Int(value);
        return Op('t');
    }

    public PickleBuilder Global(string module, string name) => Op('c').Op(Encoding.Latin1.GetBytes($"{module}\n{name}\n"));

    /// <summary>Pushes an OrderedDict with a mark on top, ready for keys and values; <see cref="EndDict"/> closes it.</summary>
    public PickleBuilder BeginOrderedDict() => Global("collections", "OrderedDict").Op(')').Op('R').Op('(');

    public PickleBuilder EndDict() => Op('u');

    public PickleBuilder Storage(string type, string key, long count) =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Int(count).Op('t').Op('Q');

    public PickleBuilder Tensor(string type, string key, long count, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(type, key, count).Int(offset).Ints(shape).Ints(strides).Op(0x89);
        return BeginOrderedDict().EndDict().Op('t').Op('R');
    }

    public byte[] Stop() => [.. Op('.')._code];

    /// <summary>A zip archive as torch.save lays it out.</summary>
    public static byte[] Archive(byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        Zip([("archive/data.pkl", pickle), .. storages.Select(storage => ($"archive/data/{storage.Key}", storage.Data)), ("archive/version", "3\n"u8.ToArray())]);

    public static byte[] Zip(params (string Name, byte[] Data)[] entries)
    {
        MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] data) in entries)
            {
                using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
