namespace Rlhf.Training.Optimization;

/// <summary>
/// A loss or gradient became NaN or infinite. The message is one line: the step, the first bad tensor, and what it held. The parameters
/// are those before the step, and nothing has been written over the last checkpoint.
/// </summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public TrainingDivergedException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public TrainingDivergedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public TrainingDivergedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Throws where the loss of a step is not a finite number, before the step is made.</summary>
    /// <param name="loss">The loss of a whole batch.</param>
    /// <param name="name">Its metric name.</param>
    /// <param name="step">The optimizer step it belongs to, from 1.</param>
    /// <param name="buffers">The model, to name the first bad tensor.</param>
    public static void ThrowIfNotFinite(double loss, string name, int step, ParameterBuffers buffers)
    {
        if (!double.IsFinite(loss))
            throw At(step, $"{name} is {loss}", buffers);
    }

    internal static TrainingDivergedException At(int step, string what, ParameterBuffers buffers) =>
        new($"training diverged at step {step}: {what}, {buffers.FirstNonFinite() ?? buffers.LargestWeight()}; stopped before the update");
}
