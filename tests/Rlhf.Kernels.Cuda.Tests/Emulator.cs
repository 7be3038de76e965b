using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>The in-tree driver; tests that need it skip with the reason where it was not built.</summary>
internal static unsafe class Emulator
{
    /// <summary>Orders in which threads and blocks run: of native/simt/rlhf_simt.h.</summary>
    public const int Ascending = 0, Descending = 1, Random = 2;

    private static readonly Lazy<(CudaDriver? Driver, string? Error)> Loaded = new(Load);

    public static CudaDriver Driver
    {
        get
        {
            if (Loaded.Value.Driver is null)
            {
                Assert.Ignore(Loaded.Value.Error!);
            }

            return Loaded.Value.Driver!;
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

    /// <summary>The order of threads and blocks; a seed for random ones.</summary>
    public static void SetSchedule(int kind, ulong seed) =>
        ((delegate* unmanaged<int, ulong, void>)NativeLibrary.GetExport(Driver.Library, "rlhf_simt_set_schedule"))(kind, seed);

    /// <summary>Whether races on global memory are faults: slow.</summary>
    public static void CheckRaces(bool on) =>
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(Driver.Library, "rlhf_simt_check_races"))(on ? 1 : 0);

    private static (CudaDriver? Driver, string? Error) Load()
    {
        try
        {
            return (CudaDriver.LoadEmulator(), null);
        }
        catch (CudaException e)
        {
            return (null, e.Message);
        }
    }
}
