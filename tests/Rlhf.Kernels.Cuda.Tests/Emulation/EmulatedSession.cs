using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Tests.Emulation;

/// <summary>Both kinds of kernels on one device of the emulator: over device memory, and over the host's.</summary>
internal sealed class EmulatedSession : IDisposable
{
    public EmulatedSession()
    {
        Device = Emulator.Open();
        Stream = new CudaStream(Device);
        Kernels = new CudaKernels(Stream);
        Staged = new StagedKernels(Device);
    }

    public CudaDevice Device { get; }

    public CudaStream Stream { get; }

    public CudaKernels Kernels { get; }

    public StagedKernels Staged { get; }

    public void Dispose()
    {
        Staged.Dispose();
        Kernels.Dispose();
        Stream.Dispose();
        Device.Dispose();
    }
}
