using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda;

/// <summary>Where the blocks of a launch leave their partial statistics: GridPartials of reduce.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GridPartials
{
    public nint Partials;
    public nint Arrived;
}
