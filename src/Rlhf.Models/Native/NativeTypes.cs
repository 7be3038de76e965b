using System.Runtime.InteropServices;

namespace Rlhf.Models.Native;

/// <summary>Mirrors <c>rlhf_torch_spec</c>; see native/torch/rlhf_torch.h for each field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeSpec
{
    public int VocabSize, HiddenSize, Layers, Heads, KvHeads, HeadDim, IntermediateSize;
    public int MaxPositions;
    public int RotaryDims;
    public int Norm, Activation, Gated, QkvLayout, WeightLayout;
    public int ParallelResidual;
    public int QkvBias, OutBias, MlpBias, Head, HeadBias;
    public int SlidingWindow;
    public float NormEpsilon, AttentionScale;
    public double RopeTheta;
}

/// <summary>Mirrors <c>rlhf_torch_parameter</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeParameter
{
    public byte* Name;
    public long Offset, Rows, Cols;
}

/// <summary>Mirrors <c>rlhf_torch_batch</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeBatch
{
    public int Batch, Length;
    public int* Ids;
    public byte* Mask;
    public int* Positions;
}
