using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Optimizer;

/// <summary>Where RMSProp's epsilon stands.</summary>
public enum RmsPropEpsilonForm
{
    /// <summary>sqrt(v + ε) (TensorFlow 1, openai/baselines' A2C, whose accumulator begins at 1).</summary>
    InsideRoot,

    /// <summary>sqrt(v) + ε (PyTorch, whose accumulator begins at 0).</summary>
    OutsideRoot,
}

/// <summary>
/// One RMSProp step (Tieleman and Hinton 2012, lecture 6.5) over a flat parameter vector, fused with gradient scaling:
/// <c>v = Decay · v + (1 − Decay) g²</c>, <c>p = p − LearningRate · g / root</c>, no momentum.
/// </summary>
/// <remarks>
/// The accumulator's start is the caller's: 1 makes the first steps small, 0 large. Elementwise: the same bits for any number of threads.
/// An accumulator that falls below the normal range becomes 0. With ε = 0 a gradient of 0 over an accumulator of 0 moves nothing.
/// </remarks>
public readonly struct RmsPropArgs
{
    /// <summary>[P] parameters, updated in place; contiguous, as all vectors here.</summary>
    public required View<float> Parameters { get; init; }

    /// <summary>[P] gradients.</summary>
    public required ReadOnlyView<float> Gradients { get; init; }

    /// <summary>[P] moving average of the squared gradients, updated in place.</summary>
    public required View<float> MeanSquares { get; init; }

    /// <summary>[1] optional factor on the gradients, e.g. the clip scale of <see cref="GlobalNormArgs"/>.</summary>
    public ReadOnlyView<float> GradScale { get; init; }

    /// <summary>Learning rate of this step.</summary>
    public required float LearningRate { get; init; }

    /// <summary>Decay of the average, below 1 (A2C: 0.99).</summary>
    public required float Decay { get; init; }

    /// <summary>ε (A2C: 1e-5).</summary>
    public required float Epsilon { get; init; }

    /// <summary>Where ε stands.</summary>
    public RmsPropEpsilonForm EpsilonForm { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Parameters.Rows, cols = Parameters.Cols;
        Require.Shape(Gradients, rows, cols);
        Require.Shape<float>(MeanSquares, rows, cols);
        Require.OptionalShape(GradScale, 1, 1);
        Require.NonNegative(LearningRate);
        Require.Within(Decay, 0f, 0.9999999f);
        Require.NonNegative(Epsilon);
        if (!(Parameters.IsContiguous && Gradients.IsContiguous && MeanSquares.IsContiguous))
        {
            throw new ArgumentException("Parameters, Gradients and MeanSquares are expected in contiguous memory");
        }
    }
}
