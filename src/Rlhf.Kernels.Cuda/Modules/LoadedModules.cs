using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>The modules and entries that one device has loaded; each on first use.</summary>
internal sealed unsafe class LoadedModules(CudaDevice device) : IDisposable
{
    private readonly Dictionary<string, nint> _modules = [];
    private readonly Dictionary<string, CudaFunction> _functions = [];

    private enum FunctionAttribute
    {
        Threads = 0,
        SharedBytes = 1,
        LocalBytes = 3,
        Registers = 4,
    }

    /// <summary>An entry; entry names are unique over all modules.</summary>
    public CudaFunction Function(string module, string entry) =>
        _functions.TryGetValue(entry, out CudaFunction? function) ? function : Load(module, entry);

    public void Dispose()
    {
        if (device.TryMakeCurrent())
        {
            foreach (nint module in _modules.Values)
            {
                _ = device.Api.ModuleUnload(module);
            }
        }

        foreach (CudaFunction function in _functions.Values)
        {
            Marshal.FreeCoTaskMem(function.Label);
        }

        _modules.Clear();
        _functions.Clear();
    }

    private CudaFunction Load(string module, string entry)
    {
        device.MakeCurrent();
        if (!_modules.TryGetValue(module, out nint handle))
        {
            _modules[module] = handle = LoadModule(module);
        }

        nint label = Marshal.StringToCoTaskMemUTF8(entry), found;
        int status = device.Api.ModuleGetFunction(&found, handle, (byte*)label);
        if (status != 0)
        {
            Marshal.FreeCoTaskMem(label);
            throw new CudaException($"kernel module {module} has no entry {entry}: {device.Api.Describe(status)}", status);
        }

        // What a block may use without asking counts static and dynamic shared memory together.
        const int SharedWithoutAsking = 48 * 1024;
        int sharedBytes = Attribute(found, FunctionAttribute.SharedBytes);
        CudaFunction function = new()
        {
            Module = module,
            Entry = entry,
            Handle = found,
            Label = label,
            Threads = Attribute(found, FunctionAttribute.Threads),
            SharedBytes = sharedBytes,
            DynamicSharedLimit = SharedWithoutAsking - sharedBytes,
            Registers = Attribute(found, FunctionAttribute.Registers),
            LocalBytes = Attribute(found, FunctionAttribute.LocalBytes),
        };
        _functions[entry] = function;
        return function;
    }

    private nint LoadModule(string module)
    {
        const int ErrorLog = 5, ErrorLogBytes = 6, LogBytes = 4096;
        byte[] image = ModuleImages.For(device, module);
        byte* log = stackalloc byte[LogBytes];
        *log = 0;
        int* options = stackalloc int[] { ErrorLog, ErrorLogBytes };
        nint* values = stackalloc nint[] { (nint)log, LogBytes };
        nint handle;
        int status;

        // The driver reads the image only during the call.
        fixed (byte* bytes = image)
        {
            status = device.Api.ModuleLoad(&handle, bytes, 2, options, values);
        }

        if (status != 0)
        {
            string detail = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(log)).Trim().ReplaceLineEndings(" | ");
            throw new CudaException(
                $"kernel module {module} does not load on {device.Name} (sm_{device.Architecture}): {device.Api.Describe(status)}{(detail.Length > 0 ? $" ({detail})" : "")}",
                status);
        }

        return handle;
    }

    private int Attribute(nint function, FunctionAttribute attribute)
    {
        int value;
        device.Api.Check(device.Api.FunctionGetAttribute(&value, (int)attribute, function), "cuFuncGetAttribute");
        return value;
    }
}
