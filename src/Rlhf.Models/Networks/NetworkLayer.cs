using System.Globalization;

namespace Rlhf.Models.Networks;

/// <summary>What a layer computes; the numbers are those of native/torch/rlhf_network.h.</summary>
public enum NetworkLayerKind
{
    /// <summary>[features] → [outputs].</summary>
    Linear = 0,

    /// <summary>[channels, height, width] → [outputs, …], no padding.</summary>
    Conv = 1,

    /// <summary>Normalisation of each channel (after a linear layer: each feature) over the batch, member by member.</summary>
    BatchNorm = 2,

    /// <summary>Zeroes values at random in training and scales the others by 1 / (1 − p).</summary>
    Dropout = 3,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh = 4,

    /// <summary>max(x, 0).</summary>
    Relu = 5,

    /// <summary>x above zero, slope · x below.</summary>
    LeakyRelu = 6,

    /// <summary>[channels, height, width] → [features], row major.</summary>
    Flatten = 7,
}

/// <summary>One layer of a <see cref="NetworkSpec"/>, made by the methods below.</summary>
/// <remarks>
/// Initialisation of linear and convolutional layers: orthogonal rows with a gain (Saxe et al. 2014, as in openai/baselines) and a constant bias;
/// without a gain as libtorch's default, weights and biases uniform within ±1/√fan-in.
/// </remarks>
public sealed record NetworkLayer
{
    private NetworkLayer(NetworkLayerKind kind) => Kind = kind;

    /// <summary>What the layer computes.</summary>
    public NetworkLayerKind Kind { get; }

    /// <summary>Features or channels out (Linear, Conv).</summary>
    public int Outputs { get; private init; }

    /// <summary>Side of the square kernel (Conv).</summary>
    public int Kernel { get; private init; }

    /// <summary>Step of the kernel (Conv).</summary>
    public int Stride { get; private init; }

    /// <summary>Dropout's probability, the leaky slope, batch norm's epsilon.</summary>
    public float Value { get; private init; }

    /// <summary>Gain of each block of outputs (one, but for <see cref="Heads"/>); none: libtorch's default initialisation.</summary>
    public IReadOnlyList<(int Outputs, float Gain)> Gains { get; private init; } = [];

    /// <summary>First value of every bias, where there is a gain.</summary>
    public float Bias { get; private init; }

    /// <summary>tanh.</summary>
    public static NetworkLayer Tanh { get; } = new(NetworkLayerKind.Tanh);

    /// <summary>max(x, 0).</summary>
    public static NetworkLayer Relu { get; } = new(NetworkLayerKind.Relu);

    /// <summary>Makes features of an image.</summary>
    public static NetworkLayer Flatten { get; } = new(NetworkLayerKind.Flatten);

    /// <summary>y = W·x + b with W [outputs, inputs].</summary>
    public static NetworkLayer Linear(int outputs, float? gain = null, float bias = 0) =>
        new(NetworkLayerKind.Linear) { Outputs = outputs, Gains = One(outputs, gain), Bias = bias };

    /// <summary>A linear layer whose outputs are several heads side by side, each with a gain of its own (0.01 for a policy, 1 for a value, say).</summary>
    public static NetworkLayer Heads(params IReadOnlyList<(int Outputs, float Gain)> heads) =>
        new(NetworkLayerKind.Linear) { Outputs = heads.Sum(head => head.Outputs), Gains = heads };

    /// <summary>A convolution with square kernels [channels, inputs, kernel, kernel], without padding.</summary>
    public static NetworkLayer Conv(int channels, int kernel, int stride, float? gain = null, float bias = 0) =>
        new(NetworkLayerKind.Conv) { Outputs = channels, Kernel = kernel, Stride = stride, Gains = One(channels, gain), Bias = bias };

    /// <summary>Batch normalisation with a learned scale and shift; running statistics move by a tenth a training forward (libtorch's defaults).</summary>
    public static NetworkLayer BatchNorm(float epsilon = 1e-5f) => new(NetworkLayerKind.BatchNorm) { Value = epsilon };

    /// <summary>Dropout, elementwise.</summary>
    /// <param name="probability">Of a value to become zero.</param>
    public static NetworkLayer Dropout(float probability) => new(NetworkLayerKind.Dropout) { Value = probability };

    /// <summary>Leaky ReLU; the slope of Christiano et al. 2017, appendix A.</summary>
    public static NetworkLayer LeakyRelu(float slope = 0.01f) => new(NetworkLayerKind.LeakyRelu) { Value = slope };

    /// <summary>E.g. <c>conv 16 7×7/3</c>.</summary>
    public override string ToString() => Kind switch
    {
        NetworkLayerKind.Linear => $"linear {Outputs}",
        NetworkLayerKind.Conv => $"conv {Outputs} {Kernel}×{Kernel}/{Stride}",
        NetworkLayerKind.Dropout => string.Create(CultureInfo.InvariantCulture, $"dropout {Value}"),
        NetworkLayerKind.LeakyRelu => string.Create(CultureInfo.InvariantCulture, $"leaky relu {Value}"),
        NetworkLayerKind.BatchNorm => "batch norm",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    private static (int Outputs, float Gain)[] One(int outputs, float? gain) => gain is { } value ? [(outputs, value)] : [];
}
