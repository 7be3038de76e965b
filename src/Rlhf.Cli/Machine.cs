using Rlhf.Kernels;
using Rlhf.Models.Native;

namespace Rlhf.Cli;

/// <summary>Threads, for kernels and models alike.</summary>
internal static class Machine
{
    /// <summary>CPU kernels over so many threads, which models then use too; 0: one a processor.</summary>
    public static CpuKernels Kernels(int threads)
    {
        SetThreads(threads);
        return new CpuKernels(threads);
    }

    /// <summary>Kernels of any backend; models stay on the processor.</summary>
    public static IKernels Kernels(string backend, int threads)
    {
        SetThreads(threads);
        return Backends.Create(backend, threads);
    }

    // The library counts processors itself; only another number needs telling.
    private static void SetThreads(int threads)
    {
        if (threads > 0)
            TorchLibrary.SetThreads(threads);
    }
}
