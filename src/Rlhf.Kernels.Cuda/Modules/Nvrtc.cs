using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>NVIDIA's run-time compiler, where the machine has it: libnvrtc of CUDA 11.2 or newer, or what RLHF_NVRTC_LIBRARY names.</summary>
internal sealed unsafe class Nvrtc
{
    private const string LibraryVariable = "RLHF_NVRTC_LIBRARY";
    private static readonly Lazy<(Nvrtc? Library, string? Error)> Loaded = new(LoadDefault);

    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> _create;
    private readonly delegate* unmanaged<nint, int, byte**, int> _compile;
    private readonly delegate* unmanaged<nint*, int> _destroy;
    private readonly delegate* unmanaged<nint, nuint*, int> _logSize, _ptxSize, _cubinSize;
    private readonly delegate* unmanaged<nint, byte*, int> _log, _ptx, _cubin;
    private readonly delegate* unmanaged<int, byte*> _errorText;

    private Nvrtc(nint library, string path)
    {
        nint Export(string name) => NativeLibrary.TryGetExport(library, name, out nint address)
            ? address
            : throw new CudaException($"{path} has no function {name}: NVRTC of CUDA 11.2 or newer is needed");

        _create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram");
        _compile = (delegate* unmanaged<nint, int, byte**, int>)Export("nvrtcCompileProgram");
        _destroy = (delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram");
        _logSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetProgramLogSize");
        _log = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetProgramLog");
        _ptxSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetPTXSize");
        _ptx = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetPTX");
        _cubinSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetCUBINSize");
        _cubin = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetCUBIN");
        _errorText = (delegate* unmanaged<int, byte*>)Export("nvrtcGetErrorString");
        int major, minor, count;
        Check(((delegate* unmanaged<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = new Version(major, minor);
        Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetNumSupportedArchs"))(&count), "nvrtcGetNumSupportedArchs");
        int[] architectures = new int[count];
        fixed (int* into = architectures)
        {
            Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetSupportedArchs"))(into), "nvrtcGetSupportedArchs");
        }

        Architectures = architectures;
    }

    /// <summary>The compiler, or null with the reason.</summary>
    public static (Nvrtc? Library, string? Error) Default => Loaded.Value;

    /// <summary>The toolkit that it is of.</summary>
    public Version Version { get; }

    /// <summary>Architectures that it knows.</summary>
    public IReadOnlyList<int> Architectures { get; }

    /// <summary>Compiles one text; the log comes with failures too.</summary>
    public byte[] Compile(
        string name, string text, IReadOnlyList<(string Name, string Text)> headers, IReadOnlyList<string> options, ImageKind kind, out string log)
    {
        using NativeStrings strings = new();
        byte** includeNames = strings.Add(headers.Select(header => header.Name));
        byte** includeTexts = strings.Add(headers.Select(header => header.Text));
        nint program;
        Check(_create(&program, strings.Add(text), strings.Add(name), headers.Count, includeTexts, includeNames), "nvrtcCreateProgram");
        try
        {
            int status = _compile(program, options.Count, strings.Add(options));
            log = Encoding.UTF8.GetString(Read(program, _logSize, _log, "nvrtcGetProgramLog")).TrimEnd('\0');
            if (status != 0)
            {
                throw new CudaException($"{name} does not compile with {string.Join(' ', options)}: {log.ReplaceLineEndings(" | ")}");
            }

            return kind == ImageKind.Ptx
                ? Read(program, _ptxSize, _ptx, "nvrtcGetPTX")
                : Read(program, _cubinSize, _cubin, "nvrtcGetCUBIN");
        }
        finally
        {
            _ = _destroy(&program);
        }
    }

    private byte[] Read(nint program, delegate* unmanaged<nint, nuint*, int> size, delegate* unmanaged<nint, byte*, int> get, string function)
    {
        nuint length;
        Check(size(program, &length), function + "Size");
        byte[] bytes = new byte[length];
        if (length > 0)
        {
            fixed (byte* into = bytes)
            {
                Check(get(program, into), function);
            }
        }

        return bytes;
    }

    private void Check(int status, string function)
    {
        if (status != 0)
        {
            throw new CudaException($"{function} failed: {Marshal.PtrToStringUTF8((nint)_errorText(status))}");
        }
    }

    private static (Nvrtc? Library, string? Error) LoadDefault()
    {
        string[] names = Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } chosen ? [chosen]
            : OperatingSystem.IsWindows() ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"]
            : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
        try
        {
            foreach (string name in names)
            {
                if (NativeLibrary.TryLoad(name, out nint library))
                {
                    return (new Nvrtc(library, name), null);
                }
            }
        }
        catch (CudaException e)
        {
            return (null, e.Message);
        }

        return (null, $"no NVRTC found; searched {string.Join(", ", names)}; './rlhf setup --nvrtc' installs it");
    }

    /// <summary>Zero-terminated copies of strings for the length of a call.</summary>
    private sealed class NativeStrings : IDisposable
    {
        private readonly List<nint> _owned = [];

        public byte* Add(string text)
        {
            nint copy = Marshal.StringToCoTaskMemUTF8(text);
            _owned.Add(copy);
            return (byte*)copy;
        }

        public byte** Add(IEnumerable<string> texts)
        {
            nint[] copies = [.. texts.Select(text => (nint)Add(text))];
            byte** list = (byte**)Marshal.AllocCoTaskMem(Math.Max(copies.Length, 1) * sizeof(nint));
            _owned.Add((nint)list);
            for (int i = 0; i < copies.Length; i++)
            {
                list[i] = (byte*)copies[i];
            }

            return list;
        }

        public void Dispose() => _owned.ForEach(Marshal.FreeCoTaskMem);
    }
}
