using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// The launches of a kernel call, written down once with their parameters: <see cref="Launch"/> makes each with one driver call and
/// does nothing else. The views of the recorded call must stay valid; their content may change.
/// </summary>
public sealed unsafe class CudaPlan : IDisposable
{
    private readonly CudaLauncher _launcher;
    private readonly List<Entry> _entries = [];
    private bool _disposed;

    private CudaPlan(CudaLauncher launcher) => _launcher = launcher;

    /// <summary>Number of launches.</summary>
    public int Launches => _entries.Count;

    /// <summary>Enqueues all launches, in the order of the recorded call.</summary>
    public void Launch()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (Entry entry in CollectionsMarshal.AsSpan(_entries))
        {
            _launcher.Launch(entry.Function, entry.Shape, (void*)entry.Parameters, entry.Bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _entries.ForEach(entry => NativeMemory.AlignedFree((void*)entry.Parameters));
            _entries.Clear();
        }
    }

    internal static CudaPlan Record(CudaLauncher launcher, Action call)
    {
        CudaPlan plan = new(launcher);
        launcher.Recorder = plan;
        try
        {
            call();
            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
        finally
        {
            launcher.Recorder = null;
        }
    }

    internal void Add(CudaFunction function, LaunchShape shape, void* parameters, nint bytes)
    {
        const nuint Alignment = 16;
        void* copy = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        NativeMemory.Copy(parameters, copy, (nuint)bytes);
        _entries.Add(new Entry(function, shape, (nint)copy, bytes));
    }

    private readonly record struct Entry(CudaFunction Function, LaunchShape Shape, nint Parameters, nint Bytes);
}
