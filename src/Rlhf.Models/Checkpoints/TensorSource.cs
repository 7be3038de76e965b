namespace Rlhf.Models.Checkpoints;

/// <summary>Gives the values of one tensor, row major; called once, when they are written.</summary>
public delegate ReadOnlySpan<float> TensorValues();

/// <summary>One tensor to be written.</summary>
/// <param name="Name">Name in the checkpoint.</param>
/// <param name="DType">Storage type: F32, BF16 or F16; rounded to nearest, ties to even.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Values">Where the values come from. Weights that live in native memory are written without a copy of the model.</param>
public readonly record struct TensorSource(string Name, string DType, IReadOnlyList<int> Shape, TensorValues Values)
{
    /// <summary>Bytes in the file.</summary>
    internal long ByteCount => Shape.Aggregate((long)ElementTypes.Size(DType), (product, size) => checked(product * size));
}
