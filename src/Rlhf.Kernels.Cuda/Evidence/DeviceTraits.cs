using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>What the least traffic of a kernel depends on.</summary>
internal readonly record struct DeviceTraits(int Architecture, int Multiprocessors, long L2Bytes)
{
    public static DeviceTraits Of(CudaDevice device) => new(device.Architecture, device.Multiprocessors, device.L2Bytes);

    /// <summary>
    /// Whether a row of logits need not leave the chip between two sweeps: from sm_80 on, when the rows of one block a
    /// multiprocessor fit L2 together; on sm_90 also when the shared memory of a cluster of eight blocks holds it.
    /// </summary>
    public bool KeepsRow(long rowBytes)
    {
        const int ClusterBlocks = 8, SharedBytes = 227 * 1024;
        return Architecture >= 80 && (Multiprocessors * rowBytes <= L2Bytes || (Architecture >= 90 && rowBytes <= ClusterBlocks * SharedBytes));
    }
}
