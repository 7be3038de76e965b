using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda;

/// <summary>A view as kernels take it: Matrix of storage.cuh. Address 0 where the argument was left out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceView
{
    public nint Data;
    public long Stride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe DeviceView Of<T>(ReadOnlyView<T> view, [CallerArgumentExpression(nameof(view))] string name = "")
        where T : unmanaged
    {
        if (view.Device != DeviceKind.Cuda && !view.IsEmpty)
        {
            ThrowHost(name);
        }

        return new DeviceView { Data = (nint)view.Pointer, Stride = view.RowStride };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceView Of<T>(View<T> view, [CallerArgumentExpression(nameof(view))] string name = "")
        where T : unmanaged => Of((ReadOnlyView<T>)view, name);

    [DoesNotReturn]
    private static void ThrowHost(string name) =>
        throw new ArgumentException($"{name[(name.LastIndexOf('.') + 1)..]} lies in host memory, expected memory of a CUDA device");
}
