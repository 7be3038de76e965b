using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Networks;

/// <summary>Networks as safetensors files: each tensor of each member under <see cref="NetworkParameter.FullName"/>, the layers as text in the header.</summary>
internal static unsafe class NetworkFile
{
    private const string LayersKey = "network";

    internal static IEqualityComparer<NetworkParameter> SameTensor { get; } = EqualityComparer<NetworkParameter>.Create(
        (a, b) => a!.FullName == b!.FullName && a.Shape.SequenceEqual(b.Shape), parameter => parameter.FullName.GetHashCode(StringComparison.Ordinal));

    internal static void Save(Network network, string path)
    {
        float* weights = network.Weights.Pointer, buffers = network.Buffers.Pointer;
        SafetensorsWriter.Write(
            path,
            [.. network.Parameters.Select(tensor => Source(tensor, weights)), .. network.Statistics.Select(tensor => Source(tensor, buffers))],
            new Dictionary<string, string> { [LayersKey] = network.Spec.ToString() });
    }

    internal static void Load(Network network, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        float[] weights = new float[network.Weights.Rows], buffers = new float[network.Buffers.Rows];
        Read(file, network, network.Parameters, weights);
        Read(file, network, network.Statistics, buffers);
        int expected = network.Parameters.Count + network.Statistics.Count;
        if (file.Tensors.Count != expected)
            throw new DataFormatException($"{path}: {file.Tensors.Count} tensors, expected the {expected} of {network.Spec}{Saved(file)}");
        weights.CopyTo(new Span<float>(network.Weights.Pointer, weights.Length));
        buffers.CopyTo(new Span<float>(network.Buffers.Pointer, buffers.Length));
    }

    private static TensorSource Source(NetworkParameter tensor, float* data) =>
        new(tensor.FullName, "F32", tensor.Shape, () => new ReadOnlySpan<float>(data + tensor.Offset, tensor.Count));

    private static void Read(SafetensorsFile file, Network network, IReadOnlyList<NetworkParameter> tensors, float[] values)
    {
        foreach (NetworkParameter tensor in tensors)
        {
            if (!file.Contains(tensor.FullName))
                throw new DataFormatException($"{file.Path}: no tensor '{tensor.FullName}', expected the network {network.Spec}{Saved(file)}");
            IReadOnlyList<int> shape = file.Info(tensor.FullName).Shape;
            if (!shape.SequenceEqual(tensor.Shape))
                throw new DataFormatException($"{file.Path}: tensor '{tensor.FullName}' is [{string.Join(", ", shape)}], expected [{string.Join(", ", tensor.Shape)}]{Saved(file)}");
            file.Read(tensor.FullName, values.AsSpan(tensor.Offset, tensor.Count));
        }
    }

    private static string Saved(SafetensorsFile file) => file.Metadata.TryGetValue(LayersKey, out string? layers) ? $"; the file holds {layers}" : "";
}
