using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Optimizer;

/// <summary>Where Adam's epsilon stands.</summary>
public enum AdamEpsilonForm
{
    /// <summary>sqrt(v / (1 − β2^t)) + ε (Kingma and Ba 2015, algorithm 1; PyTorch).</summary>
    Paper,

    /// <summary>sqrt(v) + ε with the correction in the step size (Kingma and Ba 2015, end of §2; TensorFlow 1, lm-human-preferences).</summary>
    TensorFlow,
}

/// <summary>
/// One AdamW step (Loshchilov and Hutter 2019, algorithm 2) over a flat parameter vector, fused with gradient scaling and an optional exponential
/// moving average of the weights: one read of each input, one write of each state.
/// </summary>
/// <remarks>Elementwise: the same bits for any number of threads. Moments that fall below the normal range become 0.</remarks>
public readonly struct AdamWArgs
{
    /// <summary>[P] parameters, updated in place; contiguous, as all vectors here.</summary>
    public required View<float> Parameters { get; init; }

    /// <summary>[P] gradients.</summary>
    public required ReadOnlyView<float> Gradients { get; init; }

    /// <summary>[P] first moment, updated in place.</summary>
    public required View<float> Moment1 { get; init; }

    /// <summary>[P] second moment, updated in place.</summary>
    public required View<float> Moment2 { get; init; }

    /// <summary>[P] optional: average of the parameters, updated in place to <c>ema · decay + parameter · (1 − decay)</c>.</summary>
    public View<float> Ema { get; init; }

    /// <summary>[1] optional factor on the gradients, e.g. the clip scale of <see cref="GlobalNormArgs"/>.</summary>
    public ReadOnlyView<float> GradScale { get; init; }

    /// <summary>Step number, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Learning rate of this step.</summary>
    public required float LearningRate { get; init; }

    /// <summary>β1, below 1.</summary>
    public required float Beta1 { get; init; }

    /// <summary>β2, below 1.</summary>
    public required float Beta2 { get; init; }

    /// <summary>ε.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Where ε stands.</summary>
    public AdamEpsilonForm EpsilonForm { get; init; }

    /// <summary>Decoupled weight decay. Default 0.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Decay of <see cref="Ema"/>, 0 … 1 (InstructGPT: 0.992).</summary>
    public float EmaDecay { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Parameters.Rows, cols = Parameters.Cols;
        Require.Shape(Gradients, rows, cols);
        Require.Shape<float>(Moment1, rows, cols);
        Require.Shape<float>(Moment2, rows, cols);
        Require.OptionalShape<float>(Ema, rows, cols);
        Require.OptionalShape(GradScale, 1, 1);
        Require.NonNegative(LearningRate);
        Require.Within(Beta1, 0f, 0.999999f);
        Require.Within(Beta2, 0f, 0.9999999f);
        Require.NonNegative(Epsilon);
        Require.NonNegative(WeightDecay);
        Require.Within(EmaDecay, 0f, 1f);
        if (Step < 1)
        {
            throw new ArgumentException($"Step is {Step}, expected 1 or more");
        }

        if (!(Parameters.IsContiguous && Gradients.IsContiguous && Moment1.IsContiguous && Moment2.IsContiguous && Ema.IsContiguous))
        {
            throw new ArgumentException("Parameters, Gradients, Moment1, Moment2 and Ema are expected in contiguous memory");
        }
    }
}
