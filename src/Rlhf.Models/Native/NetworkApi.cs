using System.Runtime.InteropServices;
using Rlhf.Models.Networks;

namespace Rlhf.Models.Native;

/// <summary>One wrapper for each function of native/torch/rlhf_network.h. Each ends in <see cref="TorchApi.ThrowIfFailed"/>.</summary>
internal static unsafe partial class NetworkApi
{
    private const string Library = NativeLoader.LibraryName;

    internal static NetworkHandle Create(NetworkSpec spec)
    {
        TorchApi.RequireLoaded();
        int rank = spec.InputShape.Count;
        if (rank is not (1 or 3))
            throw new ArgumentException($"the input shape is [{string.Join(", ", spec.InputShape)}], expected [features] or [channels, height, width]");
        NativeNetworkLayer[] layers = [.. spec.Layers.Select(From)];
        NativeNetworkSpec native = new() { Members = spec.Members, Rank = rank, LayerCount = layers.Length };
        for (int i = 0; i < rank; i++)
            native.Shape[i] = spec.InputShape[i];
        nint network;
        fixed (NativeNetworkLayer* pointer = layers)
        {
            native.Layers = pointer;
            TorchApi.ThrowIfFailed(network_create(&native, &network));
        }

        return new NetworkHandle(network);
    }

    internal static bool Free(nint network) => network_free(&network) == 0;

    internal static NativeNetworkSize Sizes(NetworkHandle network)
    {
        NativeNetworkSize size;
        TorchApi.ThrowIfFailed(network_sizes(network, &size));
        return size;
    }

    internal static NativeNetworkTensor Parameter(NetworkHandle network, int index)
    {
        NativeNetworkTensor tensor;
        TorchApi.ThrowIfFailed(network_parameter(network, index, &tensor));
        return tensor;
    }

    internal static NativeNetworkTensor Buffer(NetworkHandle network, int index)
    {
        NativeNetworkTensor tensor;
        TorchApi.ThrowIfFailed(network_buffer(network, index, &tensor));
        return tensor;
    }

    internal static float* Weights(NetworkHandle network)
    {
        float* weights;
        TorchApi.ThrowIfFailed(network_weights(network, &weights));
        return weights;
    }

    internal static float* Gradients(NetworkHandle network)
    {
        float* gradients;
        TorchApi.ThrowIfFailed(network_gradients(network, &gradients));
        return gradients;
    }

    internal static float* Buffers(NetworkHandle network)
    {
        float* buffers;
        TorchApi.ThrowIfFailed(network_buffers(network, &buffers));
        return buffers;
    }

    internal static float* Forward(NetworkHandle network, float* input, long rows, bool perMember, int mode)
    {
        float* output;
        TorchApi.ThrowIfFailed(network_forward(network, input, rows, perMember ? 1 : 0, mode, &output));
        return output;
    }

    internal static void Backward(NetworkHandle network, float* gradOutput) => TorchApi.ThrowIfFailed(network_backward(network, gradOutput));

    internal static float* JacobianProduct(NetworkHandle network, float* direction)
    {
        float* product;
        TorchApi.ThrowIfFailed(network_jacobian_product(network, direction, &product));
        return product;
    }

    internal static void SetDropoutSeed(NetworkHandle network, ulong seed) => TorchApi.ThrowIfFailed(network_dropout_seed(network, seed));

    private static NativeNetworkLayer From(NetworkLayer layer) => new()
    {
        Kind = (int)layer.Kind,
        Outputs = layer.Outputs,
        Kernel = layer.Kernel,
        Stride = layer.Stride,
        Value = layer.Value,
    };

    [LibraryImport(Library, EntryPoint = "rlhf_network_create")]
    private static partial int network_create(NativeNetworkSpec* spec, nint* network);

    [LibraryImport(Library, EntryPoint = "rlhf_network_free")]
    private static partial int network_free(nint* network);

    [LibraryImport(Library, EntryPoint = "rlhf_network_sizes")]
    private static partial int network_sizes(NetworkHandle network, NativeNetworkSize* size);

    [LibraryImport(Library, EntryPoint = "rlhf_network_parameter")]
    private static partial int network_parameter(NetworkHandle network, int index, NativeNetworkTensor* tensor);

    [LibraryImport(Library, EntryPoint = "rlhf_network_buffer")]
    private static partial int network_buffer(NetworkHandle network, int index, NativeNetworkTensor* tensor);

    [LibraryImport(Library, EntryPoint = "rlhf_network_weights")]
    private static partial int network_weights(NetworkHandle network, float** weights);

    [LibraryImport(Library, EntryPoint = "rlhf_network_gradients")]
    private static partial int network_gradients(NetworkHandle network, float** gradients);

    [LibraryImport(Library, EntryPoint = "rlhf_network_buffers")]
    private static partial int network_buffers(NetworkHandle network, float** buffers);

    [LibraryImport(Library, EntryPoint = "rlhf_network_forward")]
    private static partial int network_forward(NetworkHandle network, float* input, long rows, int perMember, int mode, float** output);

    [LibraryImport(Library, EntryPoint = "rlhf_network_backward")]
    private static partial int network_backward(NetworkHandle network, float* gradOutput);

    [LibraryImport(Library, EntryPoint = "rlhf_network_jacobian_product")]
    private static partial int network_jacobian_product(NetworkHandle network, float* direction, float** product);

    [LibraryImport(Library, EntryPoint = "rlhf_network_dropout_seed")]
    private static partial int network_dropout_seed(NetworkHandle network, ulong seed);
}
