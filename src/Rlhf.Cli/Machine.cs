using Rlhf.Kernels;
using Rlhf.Models.Native;

namespace Rlhf.Cli;

/// <summary>Threads, for kernels and models alike.</summary>
internal static class Machine
{
    /// <summary>CPU kernels over so many threads, which models then use too; 0: one a processor.</summary>
    public static CpuKernels Kernels(int threads)
    {
        // The library counts processors itself; only another number needs telling.
        if (threads > 0)
            TorchLibrary.SetThreads(threads);
        return new CpuKernels(threads);
    }
}
