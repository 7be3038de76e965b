using Rlhf.Kernels;

namespace Rlhf.Benchmarks.Harness;

/// <summary>What the numbers were measured on, in one line.</summary>
internal static class Machine
{
    /// <summary>Processor, cores, widths, library versions.</summary>
    public static string Describe(CpuKernels kernels) =>
        $"{Processor()}, {Environment.ProcessorCount} cores; {kernels.Width} lanes, {kernels.Threads} threads; "
        + $"OpenBLAS core {OpenBlas.CoreName}; .NET {Environment.Version}";

    /// <summary>The processor's name.</summary>
    public static string Processor()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string Field(string name) =>
            lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        return $"{Field("model name")} (family {Field("cpu family")}, model {Field("model\t")})";
    }
}
