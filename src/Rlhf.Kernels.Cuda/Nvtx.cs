using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda;

/// <summary>Names of kernels for Nsight Systems, where libnvToolsExt is installed; RLHF_NVTX=0 turns them off.</summary>
internal static unsafe class Nvtx
{
    private static readonly delegate* unmanaged<byte*, int> PushRange;
    private static readonly delegate* unmanaged<int> PopRange;

    static Nvtx()
    {
        string[] names = OperatingSystem.IsWindows() ? ["nvToolsExt64_1.dll"] : ["libnvToolsExt.so.1", "libnvToolsExt.so", "libnvtx.so.1"];
        if (Environment.GetEnvironmentVariable("RLHF_NVTX") == "0")
        {
            return;
        }

        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library)
                && NativeLibrary.TryGetExport(library, "nvtxRangePushA", out nint push)
                && NativeLibrary.TryGetExport(library, "nvtxRangePop", out nint pop))
            {
                PushRange = (delegate* unmanaged<byte*, int>)push;
                PopRange = (delegate* unmanaged<int>)pop;
                return;
            }
        }
    }

    public static void Push(nint name)
    {
        if (PushRange is not null)
        {
            _ = PushRange((byte*)name);
        }
    }

    public static void Pop()
    {
        if (PopRange is not null)
        {
            _ = PopRange();
        }
    }
}
