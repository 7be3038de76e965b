using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// A safetensors file: 8 bytes little-endian header length, JSON header, raw data. The whole header is validated at
/// <see cref="Open"/>; data are read in place when asked for. Not mapped: a file that shrinks while in use must be an error, not a
/// bus error.
/// </summary>
public sealed class SafetensorsFile : ICheckpoint
{
    private const int ChunkBytes = 1 << 20;
    private readonly SafeFileHandle _handle;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsHeader.Entry> _entries;

    private SafetensorsFile(string path, SafeFileHandle handle, long dataStart, List<SafetensorsHeader.Entry> entries, Dictionary<string, string> metadata)
    {
        Path = path;
        Metadata = metadata;
        _handle = handle;
        _dataStart = dataStart;
        _entries = entries.ToDictionary(entry => entry.Info.Name);
        Tensors = entries.ConvertAll(entry => entry.Info);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The header's free-form strings (<c>__metadata__</c>).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and validates a file.</summary>
    /// <exception cref="DataFormatException">Missing, unreadable or malformed; one line says where.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle handle = DataFile.OpenRead(path);
        try
        {
            long length = RandomAccess.GetLength(handle);
            if (length < 8)
                throw new DataFormatException($"{path}: {length} bytes, expected at least the 8 bytes of a safetensors header length");
            Span<byte> prefix = stackalloc byte[8];
            DataFile.ReadExactly(handle, path, 0, prefix);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength < 2 || headerLength > SafetensorsHeader.MaxLength)
                throw new DataFormatException($"{path}: header length {headerLength}, expected 2 to {SafetensorsHeader.MaxLength} (not a safetensors file?)");
            if ((long)headerLength > length - 8)
                throw new DataFormatException($"{path}: truncated, header length {headerLength} but only {length - 8} bytes follow it");

            byte[] json = new byte[headerLength];
            DataFile.ReadExactly(handle, path, 8, json);
            long dataStart = 8 + (long)headerLength;
            (List<SafetensorsHeader.Entry> entries, Dictionary<string, string> metadata) = SafetensorsHeader.Parse(path, json, length - dataStart);
            return new SafetensorsFile(path, handle, dataStart, entries, metadata);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file holds a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Dtype and shape of one tensor.</summary>
    /// <exception cref="DataFormatException">No such tensor.</exception>
    public TensorInfo Info(string name) => Find(name).Info;

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination)
    {
        SafetensorsHeader.Entry entry = Find(name);
        RequireFloat(entry);
        if (destination.Length != entry.Info.Count)
            throw new DataFormatException($"{Path}: tensor '{name}': shape [{string.Join(", ", entry.Info.Shape)}] has {entry.Info.Count} elements, expected {destination.Length}");
        string dtype = entry.Info.DType;
        if (dtype == "F32")
        {
            DataFile.ReadExactly(_handle, Path, _dataStart + entry.Begin, MemoryMarshal.AsBytes(destination));
            return;
        }

        int size = ElementTypes.Size(dtype);
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                int count = Math.Min(destination.Length - done, ChunkBytes / size);
                Span<byte> raw = chunk.AsSpan(0, count * size);
                DataFile.ReadExactly(_handle, Path, _dataStart + entry.Begin + (long)done * size, raw);
                ElementTypes.ToSingle(dtype, raw, destination.Slice(done, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>A floating-point tensor as f32, row major.</summary>
    public float[] ReadSingle(string name)
    {
        float[] values = new float[ElementCount(Find(name))];
        Read(name, values);
        return values;
    }

    /// <summary>A floating-point tensor as f64, row major.</summary>
    public double[] ReadDouble(string name)
    {
        SafetensorsHeader.Entry entry = Find(name);
        RequireFloat(entry);
        double[] values = new double[ElementCount(entry)];
        ElementTypes.ToDouble(entry.Info.DType, ReadBytes(name), values);
        return values;
    }

    /// <summary>An integer or boolean tensor (booleans as 0 and 1) as 64-bit integers, row major.</summary>
    public long[] ReadInt64(string name)
    {
        SafetensorsHeader.Entry entry = Find(name);
        if (!ElementTypes.IsInteger(entry.Info.DType))
            throw new DataFormatException($"{Path}: tensor '{name}': dtype {entry.Info.DType}, expected an integer type or BOOL");
        long[] values = new long[ElementCount(entry)];
        ElementTypes.ToInt64(entry.Info.DType, ReadBytes(name), values);
        return values;
    }

    /// <summary>A BOOL tensor, row major.</summary>
    public bool[] ReadBoolean(string name)
    {
        SafetensorsHeader.Entry entry = Find(name);
        if (entry.Info.DType != "BOOL")
            throw new DataFormatException($"{Path}: tensor '{name}': dtype {entry.Info.DType}, expected BOOL");
        return Array.ConvertAll(ReadBytes(name), value => value != 0);
    }

    /// <summary>The stored little-endian bytes of a tensor.</summary>
    public byte[] ReadBytes(string name)
    {
        SafetensorsHeader.Entry entry = Find(name);
        if (entry.End - entry.Begin > Array.MaxLength)
            throw new DataFormatException($"{Path}: tensor '{name}': {entry.End - entry.Begin} bytes do not fit one array");
        byte[] raw = new byte[entry.End - entry.Begin];
        DataFile.ReadExactly(_handle, Path, _dataStart + entry.Begin, raw);
        return raw;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private SafetensorsHeader.Entry Find(string name) =>
        _entries.TryGetValue(name, out SafetensorsHeader.Entry entry)
            ? entry
            : throw new DataFormatException($"{Path}: no tensor '{name}' among the {_entries.Count} of the file");

    private int ElementCount(SafetensorsHeader.Entry entry) =>
        entry.Info.Count <= Array.MaxLength
            ? (int)entry.Info.Count
            : throw new DataFormatException($"{Path}: tensor '{entry.Info.Name}': {entry.Info.Count} elements do not fit one array");

    private void RequireFloat(SafetensorsHeader.Entry entry)
    {
        if (!ElementTypes.IsFloat(entry.Info.DType))
            throw new DataFormatException($"{Path}: tensor '{entry.Info.Name}': dtype {entry.Info.DType}, expected F32, BF16, F16 or F64");
    }
}
