using System.CommandLine;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Evidence;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary><c>rlhf kernels build</c>: images for machines without NVRTC.</summary>
internal static class BuildKernels
{
    public static Command Create()
    {
        Option<int[]> arch = ArchOption.Create("Architectures, e.g. sm_80,sm_90");
        arch.Required = true;
        var folder = new Option<string>("--out") { Description = "Folder for PTX and cubins; name it in RLHF_CUDA_IMAGES", HelpName = "DIR", Required = true };
        var command = new Command("build", "Compile every module with NVRTC to PTX and to machine code") { arch, folder };
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(result.InvocationConfiguration.Output, result.GetRequiredValue(arch), result.GetRequiredValue(folder), cancellation), cancellation));
        return command;
    }

    private static int Run(TextWriter output, int[] architectures, string folder, CancellationToken cancellation)
    {
        if (KernelCompiler.UnavailableReason is { } reason)
            throw new CudaException(reason);
        Directory.CreateDirectory(folder);
        foreach (int architecture in architectures)
        {
            foreach (string module in KernelSources.Modules)
            {
                cancellation.ThrowIfCancellationRequested();
                int minimum = KernelSources.MinimumArchitecture(module);
                if (architecture < minimum)
                {
                    output.WriteLine($"sm_{architecture}  {module}: left out, it needs sm_{minimum}");
                    continue;
                }

                CompiledModule image = KernelImages.Write(folder, module, architecture);
                string entries = image.Entries.Count == 1 ? "1 entry" : $"{image.Entries.Count} entries";
                output.WriteLine($"sm_{architecture}  {module}: {entries}, at most {image.Entries.Max(entry => entry.Registers)} registers");
            }
        }

        output.WriteLine($"written to {folder}; RLHF_CUDA_IMAGES={Path.GetFullPath(folder)} makes kernels come from there");
        return CommandLine.Success;
    }
}
