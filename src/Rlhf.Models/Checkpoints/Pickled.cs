namespace Rlhf.Models.Checkpoints;

/// <summary>Values a pickle may build besides string, long, double, bool and null.</summary>
internal abstract record Pickled
{
    /// <summary>A list; mutable because a pickle appends to it after others may have referred to it.</summary>
    internal sealed record Sequence(List<object?> Items) : Pickled;

    internal sealed record Tuple(object?[] Items) : Pickled;

    /// <summary>dict or OrderedDict, in order of insertion.</summary>
    internal sealed record Map(OrderedDictionary<object, object?> Items) : Pickled;

    /// <summary>The name of a class or function. It is compared with a fixed list and never looked up.</summary>
    internal sealed record Global(string Module, string Name) : Pickled
    {
        public override string ToString() => $"{Module}.{Name}";
    }

    /// <summary>A block of raw values in the archive, referred to by key.</summary>
    internal sealed record StorageRef(string DType, string Key, long Count) : Pickled;

    /// <summary>A strided view of a storage; offset and strides in elements.</summary>
    internal sealed record Tensor(StorageRef Storage, long Offset, int[] Shape, long[] Strides) : Pickled;
}
