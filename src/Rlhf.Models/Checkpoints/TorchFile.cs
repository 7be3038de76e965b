using System.IO.Compression;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// <c>pytorch_model.bin</c> as PyTorch 1.6 and later write it: a zip archive of one pickle and raw storages. The pickle goes through a
/// restricted machine that executes nothing; whatever is not plain data or a tensor is refused by name.
/// </summary>
public sealed class TorchFile : ICheckpoint
{
    private const int ChunkBytes = 1 << 20;
    private const long MaxPickleBytes = 256L << 20;
    private readonly ZipArchive _archive;
    private readonly string _prefix;
    private readonly Dictionary<string, Pickled.Tensor> _views = [];

    private TorchFile(string path, ZipArchive archive)
    {
        Path = path;
        _archive = archive;
        ZipArchiveEntry pickle = FindPickle();
        _prefix = pickle.FullName[..^"data.pkl".Length];
        RequireLittleEndian();
        Tensors = ReadStateDict(RestrictedUnpickler.Load(path, ReadEntry(pickle, MaxPickleBytes)));
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Opens an archive and reads its pickle; tensors are read when asked for.</summary>
    /// <exception cref="DataFormatException">Missing, not a zip archive (the legacy form is named), malformed, or asking for code.</exception>
    public static TorchFile Open(string path)
    {
        FileStream stream = new(DataFile.OpenRead(path), FileAccess.Read, bufferSize: 0);
        try
        {
            RequireZip(path, stream);
            return new TorchFile(path, new ZipArchive(stream, ZipArchiveMode.Read));
        }
        catch (Exception error) when (IsArchiveError(error))
        {
            stream.Dispose();
            throw new DataFormatException($"{path}: damaged zip archive: {error.Message}", error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination)
    {
        if (!_views.TryGetValue(name, out Pickled.Tensor? view))
            throw new DataFormatException($"{Path}: no tensor '{name}' among the {_views.Count} of the file");
        string at = $"{Path}: tensor '{name}'";
        if (!ElementTypes.IsFloat(view.Storage.DType))
            throw new DataFormatException($"{at}: dtype {view.Storage.DType}, expected F32, BF16, F16 or F64");
        long count = view.Shape.Aggregate(1L, (product, size) => product * size);
        if (destination.Length != count)
            throw new DataFormatException($"{at}: shape [{string.Join(", ", view.Shape)}] has {count} elements, expected {destination.Length}");
        try
        {
            ZipArchiveEntry entry = StorageEntry(at, view.Storage);
            if (IsContiguous(view))
                ReadContiguous(entry, view, destination);
            else
                ReadStrided(at, entry, view, destination);
        }
        catch (Exception error) when (IsArchiveError(error))
        {
            throw new DataFormatException($"{at}: damaged zip entry for storage '{DataFormatException.Excerpt(view.Storage.Key)}': {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private static bool IsArchiveError(Exception error) => error is InvalidDataException or IOException or NotSupportedException or ArgumentException;

    private static void RequireZip(string path, FileStream stream)
    {
        Span<byte> start = stackalloc byte[4];
        int read = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
        stream.Position = 0;
        if (read == 4 && start.SequenceEqual("PK\u0003\u0004"u8))
            return;
        if (read == 4 && start[0] == 0x80 && start[1] is >= 1 and <= 5)
            throw new DataFormatException($"{path}: legacy torch.save form (before PyTorch 1.6), expected the zip form: load it with PyTorch and save it again");
        throw new DataFormatException($"{path}: not a zip archive, expected a file of torch.save (PyTorch 1.6 or later)");
    }

    private ZipArchiveEntry FindPickle()
    {
        ZipArchiveEntry[] found = [.. _archive.Entries.Where(entry => entry.FullName == "data.pkl" || entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))];
        return found.Length == 1
            ? found[0]
            : throw new DataFormatException($"{Path}: {found.Length} entries named data.pkl in the archive, expected 1");
    }

    private void RequireLittleEndian()
    {
        if (_archive.GetEntry(_prefix + "byteorder") is not { } entry)
            return;
        byte[] order = ReadEntry(entry, 16);
        if (!order.AsSpan().SequenceEqual("little"u8))
            throw new DataFormatException($"{Path}: byteorder is '{DataFormatException.Excerpt(System.Text.Encoding.Latin1.GetString(order))}', expected 'little'");
    }

    private List<TensorInfo> ReadStateDict(object? root)
    {
        if (root is not Pickled.Map map)
            throw new DataFormatException($"{Path}: the pickle holds no dict, expected a dict of name to tensor");
        List<TensorInfo> tensors = [];
        foreach ((object key, object? value) in map.Items)
        {
            if (key is not string name || value is not Pickled.Tensor view)
                throw new DataFormatException($"{Path}: entry '{DataFormatException.Excerpt(key.ToString()!)}' is not a tensor under a name, expected a dict of name to tensor");
            StorageEntry($"{Path}: tensor '{DataFormatException.Excerpt(name)}'", view.Storage);
            _views.Add(name, view);
            tensors.Add(new TensorInfo(name, view.Storage.DType, view.Shape, Path));
        }

        return tensors;
    }

    private ZipArchiveEntry StorageEntry(string at, Pickled.StorageRef storage)
    {
        ZipArchiveEntry entry = _archive.GetEntry($"{_prefix}data/{storage.Key}")
            ?? throw new DataFormatException($"{at}: no storage '{DataFormatException.Excerpt(storage.Key)}' in the archive");
        long expected = storage.Count * ElementTypes.Size(storage.DType);
        return entry.Length == expected
            ? entry
            : throw new DataFormatException($"{at}: storage '{DataFormatException.Excerpt(storage.Key)}' has {entry.Length} bytes, expected {expected} for {storage.Count} {storage.DType}");
    }

    private byte[] ReadEntry(ZipArchiveEntry entry, long limit)
    {
        if (entry.Length > limit)
            throw new DataFormatException($"{Path}: entry '{DataFormatException.Excerpt(entry.FullName)}' has {entry.Length} bytes, expected at most {limit}");
        using Stream stream = entry.Open();
        byte[] content = new byte[entry.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static bool IsContiguous(Pickled.Tensor view)
    {
        long expected = 1;
        for (int i = view.Shape.Length - 1; i >= 0; i--)
        {
            if (view.Shape[i] != 1 && view.Strides[i] != expected)
                return false;
            expected *= view.Shape[i];
        }

        return true;
    }

    private static void ReadContiguous(ZipArchiveEntry entry, Pickled.Tensor view, Span<float> destination)
    {
        string dtype = view.Storage.DType;
        int size = ElementTypes.Size(dtype);
        byte[] chunk = new byte[ChunkBytes];
        using Stream stream = entry.Open();
        for (long skip = view.Offset * size; skip > 0;)
        {
            int step = (int)Math.Min(skip, ChunkBytes);
            stream.ReadExactly(chunk, 0, step);
            skip -= step;
        }

        for (int done = 0; done < destination.Length;)
        {
            int count = Math.Min(destination.Length - done, ChunkBytes / size);
            Span<byte> raw = chunk.AsSpan(0, count * size);
            stream.ReadExactly(raw);
            ElementTypes.ToSingle(dtype, raw, destination.Slice(done, count));
            done += count;
        }
    }

    private static void ReadStrided(string at, ZipArchiveEntry entry, Pickled.Tensor view, Span<float> destination)
    {
        if (view.Storage.Count > Array.MaxLength / sizeof(double))
            throw new DataFormatException($"{at}: a strided view of a storage of {view.Storage.Count} elements, expected at most {Array.MaxLength / sizeof(double)}");
        float[] storage = new float[view.Storage.Count];
        ReadContiguous(entry, new Pickled.Tensor(view.Storage, 0, [storage.Length], [1]), storage);

        int[] index = new int[view.Shape.Length];
        long position = view.Offset;
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = storage[position];
            for (int axis = index.Length - 1; axis >= 0; axis--)
            {
                position += view.Strides[axis];
                if (++index[axis] < view.Shape[axis])
                    break;
                position -= view.Strides[axis] * view.Shape[axis];
                index[axis] = 0;
            }
        }
    }
}
