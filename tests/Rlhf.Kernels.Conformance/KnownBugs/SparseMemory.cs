using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Address space for rows far apart: mapped, zero and, but for a few pages, never touched.</summary>
internal sealed unsafe partial class SparseMemory : IDisposable
{
    private const int ReadWrite = 3, PrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;

    private readonly void* _address;
    private readonly nuint _bytes;

    public SparseMemory(long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("needs mmap with MAP_NORESERVE: Linux only");
        }

        _bytes = (nuint)bytes;
        _address = Map(null, _bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        Assert.That((nint)_address, Is.Not.EqualTo((nint)(-1)), $"a mapping of {bytes} bytes of address space");
    }

    /// <summary>Room for rows of a stride.</summary>
    public static SparseMemory For<T>(int rows, int cols, long stride)
        where T : unmanaged => new((((rows - 1) * stride) + cols) * sizeof(T));

    /// <summary>The rows.</summary>
    public View<T> View<T>(int rows, int cols, long stride)
        where T : unmanaged => new((T*)_address, rows, cols, stride);

    public void Dispose() => Assert.That(Unmap(_address, _bytes), Is.Zero);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
