namespace Rlhf.Models.Checkpoints;

/// <summary>One tensor of a checkpoint, as its header describes it.</summary>
/// <param name="Name">Name in the checkpoint, e.g. <c>transformer.h.0.attn.c_attn.weight</c>.</param>
/// <param name="DType">Storage type in safetensors' spelling: F32, F16, BF16, F64, I64, BOOL, …</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="File">Path of the file (or shard) that holds the data, for error messages.</param>
public readonly record struct TensorInfo(string Name, string DType, IReadOnlyList<int> Shape, string File);
