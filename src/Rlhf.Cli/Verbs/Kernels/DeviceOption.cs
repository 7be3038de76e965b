using System.CommandLine;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary>Which driver a verb of devices runs on.</summary>
internal static class DeviceOption
{
    public static Option<string> Create()
    {
        var backend = new Option<string>("--backend")
        {
            Description = "cuda: a device; simt: the emulator, whose times mean nothing",
            DefaultValueFactory = _ => "cuda",
        };
        backend.AcceptOnlyFromAmong("cuda", "simt");
        return backend;
    }

    /// <summary>The driver by name.</summary>
    /// <exception cref="CudaException">It is not there; the message says where it was searched.</exception>
    public static CudaDriver Driver(string backend) => backend == "simt" ? CudaDriver.LoadEmulator() : CudaDriver.Default;
}
