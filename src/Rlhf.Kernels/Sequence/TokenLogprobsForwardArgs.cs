using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// Log-probability of one selected token a row, and the entropy of the row, straight from logits:
/// <c>logprob = z[t] − m − log Σ e^(z−m)</c>, <c>entropy = log Σ e^(z−m) − Σ (z−m) e^(z−m) / Σ e^(z−m)</c>, with z the
/// transformed logits and m their maximum. One read of the logits, no [N, V] temporary.
/// </summary>
/// <remarks>
/// Determinism: bitwise equal for any number of threads, and for a row alone or in any batch.
/// Special values: a −∞ logit has probability 0 and adds 0 to the entropy; a selected −∞ logit gives −∞; a row of only
/// −∞, or with NaN or +∞, gives NaN.
/// </remarks>
/// <typeparam name="T">Storage of the logits: <see cref="float"/> or <see cref="BFloat16"/>. Compute and results are f32.</typeparam>
public readonly struct TokenLogprobsForwardArgs<T>
    where T : unmanaged
{
    /// <summary>[N, V] raw logits, rows of any pitch. Slicing columns limits the vocabulary.</summary>
    public required ReadOnlyView<T> Logits { get; init; }

    /// <summary>[N] selected token ids, 0 … V−1 where the mask counts the row.</summary>
    public required ReadOnlyView<int> Targets { get; init; }

    /// <summary>[N] optional: rows with 0 are not read; their results are 0.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Scale, soft cap and temperature.</summary>
    public LogitTransform Transform { get; init; }

    /// <summary>[N] result, ≤ 0.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result, nats, 0 … ln V.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>
    /// [N] optional result that saves the backward pass a sweep: the row's maximum before temperature (of the capped row
    /// where there is a cap, else of the raw one), from which differences are exact.
    /// </summary>
    public View<float> RowMax { get; init; }

    /// <summary>[N] optional result: log Σ e^(z−m). Given together with <see cref="RowMax"/> or not at all.</summary>
    public View<float> RowLogSum { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Logits.Rows;
        Require.Shape(Targets, n, 1);
        Require.OptionalShape(Mask, n, 1);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        Require.OptionalShape<float>(RowMax, n, 1);
        Require.OptionalShape<float>(RowLogSum, n, 1);
        if (RowMax.IsEmpty != RowLogSum.IsEmpty)
        {
            throw new ArgumentException("RowMax and RowLogSum are given together or not at all");
        }

        Transform.Validate();
        Require.Targets(Targets, Mask, Logits.Cols);
    }
}
