namespace Rlhf.Fixtures.Format;

/// <summary>What case.json says of one tensor.</summary>
/// <param name="Name">Its name, also in tensors.safetensors.</param>
/// <param name="Role">Input, expected or info.</param>
/// <param name="DType">Storage type in safetensors' spelling.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="CompareWhere">A condition such as <c>attention_mask==1</c>: only positions where it holds are compared.</param>
public sealed record DeclaredTensor(string Name, TensorRole Role, string DType, IReadOnlyList<int> Shape, string? CompareWhere)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Compared bit for bit instead of within a tolerance.</summary>
    public bool IsExact => DType is not ("F32" or "F64" or "F16" or "BF16");

    /// <summary>Name and shape as messages print them.</summary>
    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}]";
}
