using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>The row kernel between the fused head's products.</summary>
/// <typeparam name="T">Storage of the head, and of the logit gradients.</typeparam>
internal interface IHeadLaunch<T>
    where T : unmanaged
{
    /// <summary>
    /// Launches it on rows <paramref name="begin"/> … of the call; <paramref name="logits"/> are without bias, <paramref name="grads"/>
    /// (address 0: not wanted) lie over them.
    /// </summary>
    void Launch(CudaLauncher cuda, DeviceView logits, DeviceView grads, int begin, int count);
}
