using System.Runtime.InteropServices;

namespace Rlhf.Models.Native;

/// <summary>Mirrors <c>rlhf_network_layer</c>; see native/torch/rlhf_network.h for each field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeNetworkLayer
{
    public int Kind, Outputs, Kernel, Stride;
    public float Value;
}

/// <summary>Mirrors <c>rlhf_network_spec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNetworkSpec
{
    public int Members, Rank;
    public fixed int Shape[3];
    public int LayerCount;
    public NativeNetworkLayer* Layers;
}

/// <summary>Mirrors <c>rlhf_network_tensor</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNetworkTensor
{
    public byte* Name;
    public int Layer, Rank;
    public fixed int Shape[4];
    public long Offset;
}

/// <summary>Mirrors <c>rlhf_network_size</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeNetworkSize
{
    public int Inputs, Outputs, Parameters, Buffers;
    public long WeightsPerMember, BuffersPerMember;
}
