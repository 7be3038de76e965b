using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>GlobalNormParams of kernels/optimizer/global_norm.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GlobalNormParams
{
    public DeviceView Gradients;
    public DeviceView Result;
    public GridPartials Partials;
    public ElementGrid Elements;
    public float MaxNorm;
}
