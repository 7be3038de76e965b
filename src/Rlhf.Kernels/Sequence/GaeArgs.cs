using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>Which index of a trajectory matrix is time.</summary>
public enum TimeAxis
{
    /// <summary>[B, T]: a row is a sequence (RLHF).</summary>
    Cols,

    /// <summary>[T, B]: a column is an environment (Gymnasium rollouts).</summary>
    Rows,
}

/// <summary>What a mask means to the recurrence. The three are in use and differ; none is a default.</summary>
public enum GaeMaskMode
{
    /// <summary>No mask: the recurrence runs over all T (TRL). A mask is refused.</summary>
    None,

    /// <summary>Values and rewards count as 0 where the mask is 0; gaps still decay by γλ (OpenRLHF).</summary>
    Zero,

    /// <summary>A masked step is skipped: the next value and the running advantage pass over it (verl, NeMo-RL). Outputs there carry the running values.</summary>
    Skip,
}

/// <summary>
/// Generalised advantage estimation (Schulman et al. 2016, eq. 16) with returns in the same pass:
/// <c>δ = r + γ V' − V</c>, <c>A = δ + γ λ A'</c>, <c>return = A + V</c>, backwards over time.
/// </summary>
/// <remarks>
/// Ends of episodes: <see cref="Dones"/>[t] = 1 means that step t ended its episode, so nothing flows back over it. With
/// <see cref="Truncations"/>[t] = 1 the episode was cut by a limit, not ended: its value target bootstraps from
/// <see cref="TruncationValues"/>[t], but the advantage sum still stops there.
/// Each sequence is computed in one fixed order: bitwise equal for any batch and any number of threads.
/// </remarks>
public readonly struct GaeArgs
{
    /// <summary>Rewards, [B, T] or [T, B].</summary>
    public required ReadOnlyView<float> Rewards { get; init; }

    /// <summary>Values, the shape of <see cref="Rewards"/>.</summary>
    public required ReadOnlyView<float> Values { get; init; }

    /// <summary>Which index is time.</summary>
    public required TimeAxis Time { get; init; }

    /// <summary>What <see cref="Mask"/> means.</summary>
    public GaeMaskMode MaskMode { get; init; }

    /// <summary>Optional mask, the shape of <see cref="Rewards"/>; needed unless the mode is <see cref="GaeMaskMode.None"/>.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Optional, the shape of <see cref="Rewards"/>: 1 where the step ended its episode (terminated or truncated).</summary>
    public ReadOnlyView<byte> Dones { get; init; }

    /// <summary>Optional, the shape of <see cref="Rewards"/>: 1 where the end was a time limit. Needs <see cref="Dones"/> and <see cref="TruncationValues"/>.</summary>
    public ReadOnlyView<byte> Truncations { get; init; }

    /// <summary>Optional, the shape of <see cref="Rewards"/>: value of the last observation of a truncated episode.</summary>
    public ReadOnlyView<float> TruncationValues { get; init; }

    /// <summary>[B] optional: value after the last step; left out: 0 (a response ends).</summary>
    public ReadOnlyView<float> LastValues { get; init; }

    /// <summary>γ, 0 … 1.</summary>
    public required float Gamma { get; init; }

    /// <summary>λ, 0 … 1.</summary>
    public required float Lambda { get; init; }

    /// <summary>Result, the shape of <see cref="Rewards"/>.</summary>
    public required View<float> Advantages { get; init; }

    /// <summary>Result, the shape of <see cref="Rewards"/>.</summary>
    public required View<float> Returns { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Rewards.Rows, cols = Rewards.Cols;
        Require.Shape(Values, rows, cols);
        Require.OptionalShape(Mask, rows, cols);
        Require.OptionalShape(Dones, rows, cols);
        Require.OptionalShape(Truncations, rows, cols);
        Require.OptionalShape(TruncationValues, rows, cols);
        Require.OptionalShape(LastValues, Time == TimeAxis.Cols ? rows : cols, 1);
        Require.Shape<float>(Advantages, rows, cols);
        Require.Shape<float>(Returns, rows, cols);
        Require.Within(Gamma, 0f, 1f);
        Require.Within(Lambda, 0f, 1f);
        if ((MaskMode == GaeMaskMode.None) != Mask.IsEmpty && Rewards.Count != 0)
        {
            throw new ArgumentException($"Mask is {(Mask.IsEmpty ? "missing" : "given")}, MaskMode is {MaskMode}");
        }

        if (!Truncations.IsEmpty && (Dones.IsEmpty || TruncationValues.IsEmpty))
        {
            throw new ArgumentException("Truncations is given, expected Dones and TruncationValues with it");
        }
    }
}
