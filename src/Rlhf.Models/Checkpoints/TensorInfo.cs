namespace Rlhf.Models.Checkpoints;

/// <summary>What a checkpoint says of one tensor.</summary>
/// <param name="Name">Its name, unique in the checkpoint.</param>
/// <param name="DType">Storage type in safetensors' spelling: F32, BF16, F16, F64, I64, BOOL, …</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="File">The file that holds it.</param>
public readonly record struct TensorInfo(string Name, string DType, IReadOnlyList<int> Shape, string File)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
