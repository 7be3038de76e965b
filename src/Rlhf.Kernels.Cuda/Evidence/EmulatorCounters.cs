using System.Runtime.InteropServices;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Control of the emulator behind the stand-in driver: what its kernels moved.</summary>
internal sealed unsafe class EmulatorCounters
{
    private readonly delegate* unmanaged<int, void> _record;
    private readonly delegate* unmanaged<void> _reset;
    private readonly delegate* unmanaged<byte*, Counters*, int> _counters;
    private readonly delegate* unmanaged<int> _entries;
    private readonly delegate* unmanaged<int, byte*> _entry;

    public EmulatorCounters(CudaDriver driver)
    {
        nint Export(string name) => NativeLibrary.TryGetExport(driver.Library, name, out nint address)
            ? address
            : throw new CudaException($"{driver.Path} is not the emulator: it has no {name}; set {CudaDriver.LibraryVariable} to librlhf_simt_cuda.so");

        _record = (delegate* unmanaged<int, void>)Export("rlhf_simt_record");
        _reset = (delegate* unmanaged<void>)Export("rlhf_simt_reset_counters");
        _counters = (delegate* unmanaged<byte*, Counters*, int>)Export("rlhf_simt_counters");
        _entries = (delegate* unmanaged<int>)Export("rlhf_simt_entries");
        _entry = (delegate* unmanaged<int, byte*>)Export("rlhf_simt_entry");
    }

    /// <summary>What is recorded; the numbers are the emulator's.</summary>
    public enum Level
    {
        Off,
        Accesses,
        Traffic,
    }

    /// <summary>Entries that the emulator has.</summary>
    public IReadOnlyList<string> Entries => [.. Enumerable.Range(0, _entries()).Select(Entry)];

    public void Record(Level level) => _record((int)level);

    public void Reset() => _reset();

    /// <summary>Sums over the launches of an entry since the last reset; all 0 where there is no such entry.</summary>
    public Counters Of(string entry)
    {
        using Utf8 name = new(entry);
        Counters counters = default;
        return _counters(name.Pointer, &counters) == 0 ? counters : default;
    }

    private string Entry(int index) => Marshal.PtrToStringUTF8((nint)_entry(index)) ?? "";

    /// <summary>rlhf_simt_counters_t of native/simt/rlhf_simt.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Counters
    {
        public ulong Launches, Blocks, Threads;
        public ulong ReadBytes, WriteBytes;
        public ulong ReadRequests, WriteRequests;
        public ulong ReadSectors, WriteSectors;
        public ulong WidestRead, WidestWrite;
        public ulong Atomics;
        public ulong SharedRequests, BankConflicts;
        public ulong CompulsoryRead, CompulsoryWrite;
        public ulong DramRead, DramWrite;
    }

    private readonly ref struct Utf8(string text)
    {
        private readonly nint _copy = Marshal.StringToCoTaskMemUTF8(text);

        public byte* Pointer => (byte*)_copy;

        public void Dispose() => Marshal.FreeCoTaskMem(_copy);
    }
}
