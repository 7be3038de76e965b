using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>ValueClipLossParams of kernels/policy/value_clip_loss.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ValueClipLossParams
{
    public DeviceView Values;
    public DeviceView OldValues;
    public DeviceView Returns;
    public DeviceView Mask;
    public DeviceView RowWeights;
    public DeviceView GradValues;
    public DeviceView Stats;
    public GridPartials Partials;
    public ElementGrid Elements;
    public float ClipRange;
    public float Normalizer;
}
