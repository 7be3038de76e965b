using System.CommandLine;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary><c>rlhf kernels list</c>: every entry, by module; compiles nothing.</summary>
internal static class ListKernels
{
    public static Command Create()
    {
        var command = new Command("list", "List every kernel entry with its module and oldest architecture");
        command.SetAction(result =>
        {
            TextWriter output = result.InvocationConfiguration.Output;
            foreach (string module in KernelSources.Modules)
            {
                foreach (string entry in KernelSources.Entries(module))
                    output.WriteLine($"{entry,-48} kernels/{module}.cu  sm_{KernelSources.MinimumArchitecture(module)}");
            }

            return CommandLine.Success;
        });
        return command;
    }
}
