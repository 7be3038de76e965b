using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>
/// The CUDA driver library. <see cref="Default"/> is the loader's libcuda.so.1 (nvcuda.dll on Windows) unless the environment
/// variable RLHF_CUDA_LIBRARY names another.
/// </summary>
public sealed unsafe class CudaDriver
{
    /// <summary>The environment variable that names the driver library.</summary>
    public const string LibraryVariable = "RLHF_CUDA_LIBRARY";

    private const string EmulatorLibrary = "librlhf_simt_cuda.so";

    private static readonly Lazy<(CudaDriver? Driver, string? Error)> Loaded = new(LoadDefault);

    private CudaDriver(string path, nint library)
    {
        Path = path;
        Api = new DriverApi(library, path);
        Api.Check(Api.Init(0), "cuInit");
        int version;
        Api.Check(Api.DriverGetVersion(&version), "cuDriverGetVersion");
        Version = new Version(version / 1000, version % 1000 / 10);
        int count;
        Api.Check(Api.DeviceGetCount(&count), "cuDeviceGetCount");
        DeviceCount = count;
        IsEmulator = NativeLibrary.TryGetExport(library, "rlhf_simt_entries", out _);
        Library = library;
    }

    /// <summary>Whether there is a driver with at least one device. Never throws.</summary>
    public static bool IsAvailable => UnavailableReason is null;

    /// <summary>Why CUDA kernels cannot run here, as one line; null when they can. Never throws.</summary>
    public static string? UnavailableReason => Loaded.Value.Error;

    /// <summary>The driver of this process.</summary>
    /// <exception cref="CudaException">There is none; the message says where it was searched.</exception>
    public static CudaDriver Default => Loaded.Value.Driver is { } driver && Loaded.Value.Error is null
        ? driver
        : throw new CudaException(Loaded.Value.Error!);

    /// <summary>The library, by the name it was loaded by.</summary>
    public string Path { get; }

    /// <summary>The newest CUDA version that the driver knows.</summary>
    public Version Version { get; }

    /// <summary>Number of devices.</summary>
    public int DeviceCount { get; }

    /// <summary>Whether this is the emulator of native/simt: its kernels are compiled in, and run on the processor.</summary>
    public bool IsEmulator { get; }

    internal DriverApi Api { get; }

    internal nint Library { get; }

    /// <summary>The driver in a library of the caller's choice.</summary>
    /// <exception cref="CudaException">The library is missing, or not a driver.</exception>
    public static CudaDriver Load(string library) =>
        NativeLibrary.TryLoad(library, out nint handle)
            ? new CudaDriver(library, handle)
            : throw new CudaException(NotFound([library]));

    /// <summary>
    /// The emulator of native/simt: what RLHF_CUDA_LIBRARY names, or librlhf_simt_cuda.so where <see cref="NativeFolders"/> looks.
    /// </summary>
    /// <exception cref="CudaException">It is not there; the message says where it was searched.</exception>
    public static CudaDriver LoadEmulator()
    {
        if (Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } chosen)
        {
            return Load(chosen);
        }

        List<string> searched = [];
        foreach (string folder in NativeFolders.Search())
        {
            string file = System.IO.Path.Combine(folder, EmulatorLibrary);
            if (File.Exists(file))
            {
                return Load(file);
            }

            searched.Add(folder);
        }

        throw new CudaException($"the emulator {EmulatorLibrary} was not found in {string.Join(", ", searched)}; './rlhf build' makes it");
    }

    private static string NotFound(IEnumerable<string> searched) =>
        $"no CUDA driver found; searched {string.Join(", ", searched)}; CPU kernels work without it";

    private static (CudaDriver? Driver, string? Error) LoadDefault()
    {
        string[] names = Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } chosen ? [chosen]
            : OperatingSystem.IsWindows() ? ["nvcuda.dll"]
            : ["libcuda.so.1", "libcuda.so"];
        try
        {
            foreach (string name in names)
            {
                if (NativeLibrary.TryLoad(name, out nint handle))
                {
                    var driver = new CudaDriver(name, handle);
                    return (driver, driver.DeviceCount > 0 ? null : $"the CUDA driver {name} sees no device; CPU kernels work without it");
                }
            }
        }
        catch (CudaException e)
        {
            return (null, e.Message);
        }

        return (null, NotFound(names));
    }
}
