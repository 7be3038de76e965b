using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>WhitenParams of kernels/sequence/whiten.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhitenParams
{
    public DeviceView Values;
    public DeviceView Mask;
    public DeviceView GivenStats;
    public DeviceView Whitened;
    public ElementGrid Elements;
    public int Unbiased;
    public int ShiftMean;
}
