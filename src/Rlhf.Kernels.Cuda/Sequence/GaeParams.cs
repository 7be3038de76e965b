using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>GaeParams of kernels/sequence/gae_step.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GaeParams
{
    public DeviceView Rewards;
    public DeviceView Values;
    public DeviceView Mask;
    public DeviceView Dones;
    public DeviceView Truncations;
    public DeviceView TruncationValues;
    public DeviceView LastValues;
    public DeviceView Advantages;
    public DeviceView Returns;
    public int Rows;
    public int Cols;
    public int MaskMode;
    public int Packed;
    public int WarpsPerRow;
    public float Gamma;
    public float Decay;
}
