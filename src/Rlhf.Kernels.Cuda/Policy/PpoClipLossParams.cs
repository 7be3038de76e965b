using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>PpoClipLossParams of kernels/policy/ppo_clip_loss.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PpoClipLossParams
{
    public DeviceView Logprobs;
    public DeviceView OldLogprobs;
    public DeviceView Advantages;
    public DeviceView Mask;
    public DeviceView RowWeights;
    public DeviceView GradLogprobs;
    public DeviceView Stats;
    public GridPartials Grid;
    public long Cols;
    public int Chunk;
    public int ChunksARow;
    public float ClipLow;
    public float ClipHigh;
    public float DualClip;
    public float LogRatioLimit;
    public float Normalizer;
}
