using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>MaskedMeanParams of kernels/sequence/masked_mean.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MaskedMeanParams
{
    public DeviceView Values;
    public DeviceView Mask;
    public DeviceView Stats;
    public GridPartials Partials;
    public ElementGrid Elements;
    public int Unbiased;
}
