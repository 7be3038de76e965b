using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// A language-model head and the rows it is applied to: logits = hidden · weightᵀ + bias, never stored beyond the workspace.
/// </summary>
/// <typeparam name="T">Storage of hidden states and weight: <see cref="float"/> or <see cref="BFloat16"/>. Gradients are f32.</typeparam>
public readonly struct LinearHead<T>
    where T : unmanaged
{
    /// <summary>[N, H] hidden states.</summary>
    public required ReadOnlyView<T> Hidden { get; init; }

    /// <summary>[V, H] head weight (as the embedding that it may be tied to).</summary>
    public required ReadOnlyView<T> Weight { get; init; }

    /// <summary>[V] optional bias.</summary>
    public ReadOnlyView<float> Bias { get; init; }

    /// <summary>[N] selected token ids.</summary>
    public required ReadOnlyView<int> Targets { get; init; }

    /// <summary>[N] optional mask: rows with 0 are left out of every result.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Scale, soft cap and temperature.</summary>
    public LogitTransform Transform { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Hidden.Rows;
        Require.Shape(Weight, Weight.Rows, Hidden.Cols);
        Require.OptionalShape(Bias, Weight.Rows, 1);
        Require.Shape(Targets, n, 1);
        Require.OptionalShape(Mask, n, 1);
        Transform.Validate();
        Require.Targets(Targets, Mask, Weight.Rows);
    }
}
