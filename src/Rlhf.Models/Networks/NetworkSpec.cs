namespace Rlhf.Models.Networks;

/// <summary>A small network as data.</summary>
public sealed record NetworkSpec
{
    /// <summary>[features], or [channels, height, width].</summary>
    public required IReadOnlyList<int> InputShape { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<NetworkLayer> Layers { get; init; }

    /// <summary>How many networks of this shape run side by side as one pass.</summary>
    public int Members { get; init; } = 1;

    /// <summary>A multilayer perceptron: linear layers with an activation between them.</summary>
    /// <param name="inputs">Features in.</param>
    /// <param name="hidden">Width of each hidden layer, e.g. [64, 64].</param>
    /// <param name="outputs">Features out, without an activation.</param>
    /// <param name="activation">Put after each hidden layer.</param>
    /// <param name="outputGain">Gain of the last layer's orthogonal weights (0.01 for a policy, 1 for a value); none: libtorch's default.</param>
    /// <param name="hiddenGain">Gain of the hidden layers; none: √2, or libtorch's default where <paramref name="outputGain"/> is none.</param>
    /// <param name="members">Networks side by side.</param>
    public static NetworkSpec Mlp(
        int inputs, IReadOnlyList<int> hidden, int outputs, NetworkLayer activation, float? outputGain = null, float? hiddenGain = null, int members = 1)
    {
        hiddenGain ??= outputGain is null ? null : MathF.Sqrt(2);
        List<NetworkLayer> layers = [];
        foreach (int width in hidden)
        {
            layers.Add(NetworkLayer.Linear(width, hiddenGain));
            layers.Add(activation);
        }

        layers.Add(NetworkLayer.Linear(outputs, outputGain));
        return new NetworkSpec { InputShape = [inputs], Layers = layers, Members = members };
    }

    /// <summary>E.g. <c>3 × [4, 84, 84] → conv 16 7×7/3 → … → linear 1</c>.</summary>
    public override string ToString() =>
        $"{(Members > 1 ? $"{Members} × " : "")}[{string.Join(", ", InputShape)}] → {string.Join(" → ", Layers)}";
}
