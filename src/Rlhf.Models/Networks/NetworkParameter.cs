namespace Rlhf.Models.Networks;

/// <summary>One tensor of one member: a contiguous piece of the flat weights and gradients (or of the buffers).</summary>
/// <param name="Name"><c>LAYER.weight</c>, <c>LAYER.bias</c>, <c>LAYER.running_mean</c>, <c>LAYER.running_var</c>; the layer counts from 0, activations included.</param>
/// <param name="Layer">Index within <see cref="NetworkSpec.Layers"/>.</param>
/// <param name="Shape">[outputs, inputs] of a linear layer, [channels, inputs, kernel, kernel] of a convolution, [n] of biases and statistics.</param>
/// <param name="Offset">First element within the flat memory.</param>
/// <param name="Member">Whose it is.</param>
public sealed record NetworkParameter(string Name, int Layer, IReadOnlyList<int> Shape, int Offset, int Member)
{
    /// <summary>Number of elements.</summary>
    public int Count { get; } = Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Whether it is a bias.</summary>
    public bool IsBias => Name.EndsWith(".bias", StringComparison.Ordinal);

    /// <summary>The name with its member, as in files: <c>members.0.2.weight</c>.</summary>
    public string FullName => $"members.{Member}.{Name}";
}
