using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>The in-tree driver; tests that need it skip with the reason where it was not built.</summary>
internal static unsafe class Emulator
{
    private const string Library = "build/native/librlhf_simt_cuda.so";
    private static readonly Lazy<CudaDriver> Loaded = new(() => CudaDriver.Load(Checkout.PathOf(Library)));

    public static CudaDriver Driver
    {
        get
        {
            if (!File.Exists(Checkout.PathOf(Library)))
            {
                Assert.Ignore($"{Library} is not there: './rlhf build' makes it");
            }

            return Loaded.Value;
        }
    }

    public static CudaDevice Open() => CudaDevice.Open(0, Driver);

    /// <summary>How often an entry was launched in this process.</summary>
    public static long Launches(string entry)
    {
        var count = (delegate* unmanaged<byte*, ulong>)NativeLibrary.GetExport(Driver.Library, "rlhf_simt_launches");
        fixed (byte* name = Encoding.UTF8.GetBytes(entry + '\0'))
        {
            return (long)count(name);
        }
    }

    /// <summary>Forgets a fault, which every later call would return.</summary>
    public static void ResetFault() =>
        ((delegate* unmanaged<void>)NativeLibrary.GetExport(Driver.Library, "rlhf_simt_reset_fault"))();
}
