namespace Rlhf.Models;

/// <summary>One tensor of a model under its Hugging Face name: a contiguous piece of the flat weight and gradient buffers.</summary>
/// <param name="Name">E.g. <c>transformer.h.0.attn.c_attn.weight</c>.</param>
/// <param name="Shape">As Hugging Face stores it; GPT-2's projections are [in, out].</param>
/// <param name="Offset">First element within the flat buffers.</param>
public sealed record Parameter(string Name, IReadOnlyList<int> Shape, int Offset)
{
    /// <summary>Number of elements.</summary>
    public int Count { get; } = Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Leading size, 1 for a vector: <see cref="Rows"/> × <see cref="Cols"/> elements.</summary>
    public int Rows => Shape.Count == 2 ? Shape[0] : 1;

    /// <summary>Trailing size.</summary>
    public int Cols => Shape[^1];
}
