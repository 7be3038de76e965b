using System.Globalization;
using System.Text;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>
/// Which image of a module a device gets: a precompiled one from the folder RLHF_CUDA_IMAGES, else one that NVRTC makes, else the
/// emulator's own. RLHF_CUDA_IMAGE (ptx, cubin, auto) chooses the kind; auto prefers machine code of the very architecture.
/// </summary>
internal static class ModuleImages
{
    private const string FolderVariable = "RLHF_CUDA_IMAGES", KindVariable = "RLHF_CUDA_IMAGE";

    // The emulator's kernels are compiled into it; it asks for no other text.
    private static readonly byte[] EmulatorImage = Encoding.ASCII.GetBytes("//rlhf-simt\n\0");

    /// <summary>The file name of a precompiled image.</summary>
    public static string FileName(string module, int architecture, ImageKind kind)
    {
        string name = module.Replace('/', '.');
        return kind == ImageKind.Cubin ? $"{name}.sm_{architecture}.cubin" : $"{name}.compute_{architecture}.ptx";
    }

    /// <summary>Zero-terminated where it is text.</summary>
    public static byte[] For(CudaDevice device, string module)
    {
        ImageKind? kind = WantedKind();
        int minimum = KernelSources.MinimumArchitecture(module);
        if (device.Architecture < minimum)
        {
            throw new CudaException($"{module} needs sm_{minimum} or newer, {device.Name} is sm_{device.Architecture}");
        }

        string? folder = Environment.GetEnvironmentVariable(FolderVariable);
        if (folder is { Length: > 0 } && Precompiled(folder, module, device.Architecture, kind) is { } file)
        {
            return Terminated(File.ReadAllBytes(file));
        }

        if (KernelCompiler.IsAvailable)
        {
            return Compiled(module, device.Architecture, kind);
        }

        if (device.Driver.IsEmulator)
        {
            return EmulatorImage;
        }

        string searched = folder is { Length: > 0 } ? $"{folder} has none for sm_{device.Architecture}" : $"{FolderVariable} names no folder of precompiled ones";
        throw new CudaException($"no image of kernel module {module}: {KernelCompiler.UnavailableReason}; {searched}");
    }

    internal static string? Precompiled(string folder, string module, int architecture, ImageKind? kind)
    {
        // Machine code runs on the same major architecture with an equal or higher minor one; PTX on every newer one.
        string? cubin = kind == ImageKind.Ptx
            ? null
            : Newest(folder, module, ImageKind.Cubin, a => a <= architecture && a / 10 == architecture / 10);
        return cubin ?? (kind == ImageKind.Cubin ? null : Newest(folder, module, ImageKind.Ptx, a => a <= architecture));
    }

    private static byte[] Compiled(string module, int architecture, ImageKind? kind)
    {
        IReadOnlyList<int> known = KernelCompiler.Architectures;
        if (kind != ImageKind.Ptx && (known.Contains(architecture) || kind == ImageKind.Cubin))
        {
            return KernelCompiler.Compile(module, architecture, ImageKind.Cubin).Image.ToArray();
        }

        int newest = known.Where(a => a <= architecture).DefaultIfEmpty(architecture).Max();
        return Terminated(KernelCompiler.Compile(module, newest, ImageKind.Ptx).Image.ToArray());
    }

    private static string? Newest(string folder, string module, ImageKind kind, Func<int, bool> fits)
    {
        string name = FileName(module, 0, kind);
        string[] around = name.Split("_0.", 2);
        return !Directory.Exists(folder)
            ? null
            : Directory.EnumerateFiles(folder, $"{around[0]}_*.{around[1]}")
                .Select(file => (File: file, Architecture: ArchitectureOf(file)))
                .Where(entry => fits(entry.Architecture))
                .OrderByDescending(entry => entry.Architecture)
                .Select(entry => entry.File)
                .FirstOrDefault();
    }

    private static int ArchitectureOf(string file)
    {
        string stem = Path.GetFileNameWithoutExtension(file);
        return int.TryParse(stem.AsSpan(stem.LastIndexOf('_') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int architecture)
            ? architecture
            : int.MaxValue;
    }

    private static ImageKind? WantedKind() => Environment.GetEnvironmentVariable(KindVariable) switch
    {
        null or "" or "auto" => null,
        "ptx" => ImageKind.Ptx,
        "cubin" => ImageKind.Cubin,
        string other => throw new CudaException($"{KindVariable} is '{other}', expected ptx, cubin or auto"),
    };

    private static byte[] Terminated(byte[] image) => image.Length > 0 && image[^1] == 0 ? image : [.. image, 0];
}
