using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>Compiles the modules of this assembly with NVRTC, or takes them from the disk cache.</summary>
public static class KernelCompiler
{
    /// <summary>Whether NVRTC is there. Never throws.</summary>
    public static bool IsAvailable => UnavailableReason is null;

    /// <summary>Why nothing can be compiled here, as one line; null when it can. Never throws.</summary>
    public static string? UnavailableReason => Nvrtc.Default.Error;

    /// <summary>Version of NVRTC, e.g. "NVRTC 11.8".</summary>
    public static string Version => $"NVRTC {Required.Version}";

    /// <summary>Architectures that the compiler knows and these kernels run on: 70, 75, ….</summary>
    public static IReadOnlyList<int> Architectures => [.. Required.Architectures.Where(architecture => architecture >= 70)];

    private static Nvrtc Required => Nvrtc.Default.Library ?? throw new CudaException(Nvrtc.Default.Error!);

    /// <summary>Compiles a module, e.g. "policy/ppo_clip_loss", for one architecture (80 for sm_80).</summary>
    /// <exception cref="CudaException">NVRTC is missing, or does not accept the module or the architecture.</exception>
    public static CompiledModule Compile(string module, int architecture, ImageKind kind) =>
        Compile(module, architecture, kind, KernelCache.Default);

    internal static CompiledModule Compile(string module, int architecture, ImageKind kind, KernelCache cache)
    {
        Nvrtc compiler = Required;
        RequireArchitecture(module, architecture, compiler);
        string text = KernelSources.Text(module);
        var headers = KernelSources.Headers(module);
        string[] options =
        [
            $"--gpu-architecture={(kind == ImageKind.Ptx ? "compute" : "sm")}_{architecture}", "--std=c++17", "-lineinfo", "--ptxas-options=-v",
        ];
        string key = KernelCache.Key(compiler.Version, module, text, headers, options);
        if (cache.TryRead(key, out byte[] image, out string log))
        {
            return new CompiledModule(module, architecture, kind, image, log);
        }

        image = compiler.Compile($"kernels/{module}.cu", text, headers, options, kind, out log);
        cache.Write(key, image, log);
        return new CompiledModule(module, architecture, kind, image, log);
    }

    private static void RequireArchitecture(string module, int architecture, Nvrtc compiler)
    {
        int minimum = KernelSources.MinimumArchitecture(module);
        if (architecture < minimum)
        {
            throw new CudaException($"{module} needs sm_{minimum} or newer, asked for sm_{architecture}");
        }

        if (!compiler.Architectures.Contains(architecture))
        {
            throw new CudaException($"NVRTC {compiler.Version} does not know sm_{architecture}, it knows {string.Join(", ", compiler.Architectures.Where(a => a >= 70))}");
        }
    }
}
