using System.Text;

namespace Rlhf.Models.Checkpoints;

/// <summary>The few names that a saved state dict uses, and what they mean as data.</summary>
internal static class TorchPickle
{
    public static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, string> StorageTypes = new()
    {
        ["DoubleStorage"] = "F64", ["FloatStorage"] = "F32", ["HalfStorage"] = "F16", ["BFloat16Storage"] = "BF16",
        ["LongStorage"] = "I64", ["IntStorage"] = "I32", ["ShortStorage"] = "I16", ["CharStorage"] = "I8",
        ["ByteStorage"] = "U8", ["BoolStorage"] = "BOOL",
    };

    /// <summary>Passes an allowed name through, refuses every other by name.</summary>
    public static Pickled.Global Allow(string file, Pickled.Global global) => global switch
    {
        { Module: "collections", Name: "OrderedDict" } => global,
        { Module: "torch._utils", Name: "_rebuild_tensor_v2" or "_rebuild_parameter" } => global,
        { Module: "torch" } when StorageTypes.ContainsKey(global.Name) => global,
        _ => throw new DataFormatException($"{file}: refused: the pickle asks for '{DataFormatException.Excerpt(global.ToString())}', which is not data of a state dict"),
    };

    /// <summary>Interprets a call of an allowed function.</summary>
    public static object Reduce(string file, Pickled.Global function, object?[] arguments) => (function.Name, arguments) switch
    {
        ("OrderedDict", []) => new Pickled.Map([]),
        ("_rebuild_tensor_v2", [Pickled.StorageRef storage, long offset, Pickled.Tuple size, Pickled.Tuple strides, bool, ..]) when arguments.Length <= 7 =>
            RebuildTensor(file, storage, offset, size, strides),
        ("_rebuild_parameter", [Pickled.Tensor tensor, bool, _]) => tensor,
        _ => throw new DataFormatException($"{file}: call of {function} with arguments that do not fit it"),
    };

    /// <summary>Interprets <c>('storage', torch.FloatStorage, key, location, count)</c>.</summary>
    public static Pickled.StorageRef PersistentStorage(string file, object? id)
    {
        if (id is not Pickled.Tuple { Items: ["storage", Pickled.Global type, string key, string, long count] }
            || !StorageTypes.TryGetValue(type.Name, out string? dtype) || count < 0)
            throw new DataFormatException($"{file}: a persistent id that is not ('storage', torch.<type>Storage, key, location, count)");
        if (count > long.MaxValue / ElementTypes.Size(dtype))
            throw new DataFormatException($"{file}: storage '{DataFormatException.Excerpt(key)}': {count} elements overflow 64-bit sizes");
        return new Pickled.StorageRef(dtype, key, count);
    }

    private static Pickled.Tensor RebuildTensor(string file, Pickled.StorageRef storage, long offset, Pickled.Tuple size, Pickled.Tuple strideItems)
    {
        string at = $"{file}: a tensor in storage '{DataFormatException.Excerpt(storage.Key)}'";
        if (size.Items.Length != strideItems.Items.Length || size.Items.Length > 64)
            throw new DataFormatException($"{at}: {size.Items.Length} sizes and {strideItems.Items.Length} strides, expected as many of both, at most 64");
        int[] shape = new int[size.Items.Length];
        long[] strides = new long[shape.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            if (size.Items[i] is not long extent || extent is < 0 or > int.MaxValue || strideItems.Items[i] is not long stride || stride < 0)
                throw new DataFormatException($"{at}: size or stride {i} is not an integer in range");
            shape[i] = (int)extent;
            strides[i] = stride;
        }

        RequireInside(at, storage, offset, shape, strides);
        return new Pickled.Tensor(storage, offset, shape, strides);
    }

    private static void RequireInside(string at, Pickled.StorageRef storage, long offset, int[] shape, long[] strides)
    {
        Int128 count = 1;
        Int128 last = offset;
        for (int i = 0; i < shape.Length; i++)
        {
            // Saturates instead of overflowing on absurd shapes; a zero size later still gives zero.
            count = Int128.Min(count * shape[i], long.MaxValue);
            last += (Int128)(shape[i] - 1) * strides[i];
        }

        if (count > Array.MaxLength)
            throw new DataFormatException($"{at}: shape [{string.Join(", ", shape)}] has more elements than one array can hold");
        if (offset < 0 || offset > storage.Count || (count > 0 && last >= storage.Count))
            throw new DataFormatException($"{at}: offset {offset}, shape [{string.Join(", ", shape)}], strides [{string.Join(", ", strides)}] reach beyond its {storage.Count} elements");
    }
}
