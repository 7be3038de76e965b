namespace Rlhf.Models.Native;

/// <summary>librlhf_torch: whether it is there, what it runs on, how many threads it uses.</summary>
/// <remarks>Searched in <c>RLHF_NATIVE_DIR</c>, next to the application, and in <c>build/native</c> of any folder above it.</remarks>
public static class TorchLibrary
{
    /// <summary>Whether models can run here. Never throws.</summary>
    public static bool IsAvailable => UnavailableReason is null;

    /// <summary>Why models cannot run here, as one line with the places searched; null when they can. Never throws.</summary>
    public static string? UnavailableReason
    {
        get
        {
            try
            {
                TorchApi.RequireLoaded();
                return null;
            }
            catch (Exception e) when (e is TorchException or EntryPointNotFoundException or DllNotFoundException)
            {
                return e.Message;
            }
        }
    }

    /// <summary>Version of libtorch, threads, and the kernels that OpenBLAS chose, as one line.</summary>
    /// <exception cref="TorchException">The library is missing.</exception>
    public static string Description
    {
        get
        {
            TorchApi.RequireLoaded();
            return TorchApi.Describe();
        }
    }

    /// <summary>Sets the number of threads of forward, backward and generation; the processors' number unless called.</summary>
    /// <exception cref="TorchException">The library is missing.</exception>
    public static void SetThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        TorchApi.RequireLoaded();
        TorchApi.SetThreads(threads);
    }
}
