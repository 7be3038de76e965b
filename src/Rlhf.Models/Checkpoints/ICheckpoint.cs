namespace Rlhf.Models.Checkpoints;

/// <summary>Named tensors stored in one file or in several shards. Reading does not depend on how they are stored.</summary>
public interface ICheckpoint : IDisposable
{
    /// <summary>The file or directory this was opened from, as errors name it.</summary>
    string Path { get; }

    /// <summary>All tensors, in the order of storage.</summary>
    IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Reads one tensor, row major, converted to f32.</summary>
    /// <param name="name">A name out of <see cref="Tensors"/>.</param>
    /// <param name="destination">Exactly <see cref="TensorInfo.Count"/> elements.</param>
    /// <exception cref="DataFormatException">No such tensor, not a floating-point tensor, of another size, or the file is truncated.</exception>
    void Read(string name, Span<float> destination);
}
