namespace Rlhf.Models.Checkpoints;

/// <summary>Read access to the tensors of a model directory, whatever the files' format.</summary>
public interface ICheckpoint : IDisposable
{
    /// <summary>The directory that was opened.</summary>
    string Path { get; }

    /// <summary>Every tensor, in file order.</summary>
    IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Reads one tensor, converted to f32, row major.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="destination">As many elements as the tensor's shape says.</param>
    /// <exception cref="InvalidDataException">The tensor is missing, not of a float type, or of another size; the message names file and tensor.</exception>
    void Read(string name, Span<float> destination);
}
