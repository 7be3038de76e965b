using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Precompiled images as RLHF_CUDA_IMAGES expects them.</summary>
public static class KernelImages
{
    /// <summary>Compiles a module for an architecture to machine code and to PTX, and writes both into a folder.</summary>
    /// <returns>The machine code, with what the compiler says of its entries.</returns>
    /// <exception cref="CudaException">NVRTC is missing, or does not accept the module or the architecture.</exception>
    public static CompiledModule Write(string folder, string module, int architecture)
    {
        CompiledModule machine = KernelCompiler.Compile(module, architecture, ImageKind.Cubin);
        foreach (CompiledModule image in new[] { machine, KernelCompiler.Compile(module, architecture, ImageKind.Ptx) })
        {
            // Written aside and renamed, so that a process that loads at the same time never sees half of one.
            string path = Path.Combine(folder, ModuleImages.FileName(module, architecture, image.Kind)), aside = $"{path}.tmp";
            File.WriteAllBytes(aside, image.Image.ToArray());
            File.Move(aside, path, overwrite: true);
        }

        return machine;
    }
}
