using System.CommandLine;
using Rlhf.Cli.Verbs.Kernels;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf kernels</c>: the CUDA kernels as modules: compiled, listed, run alone, and the evidence about them.</summary>
internal static class KernelsVerb
{
    public static Command Create() => new("kernels", "Compile, list, run and report on the CUDA kernels")
    {
        BuildKernels.Create(),
        ListKernels.Create(),
        RunKernel.Create(),
        ReportKernels.Create(),
        MeasureTraffic.Create(),
    };
}
