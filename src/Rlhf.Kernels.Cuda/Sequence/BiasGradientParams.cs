using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>BiasGradientParams of kernels/sequence/bias_gradient.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BiasGradientParams
{
    public DeviceView Grads;
    public DeviceView Sums;
    public int Rows;
    public int Vocab;
    public int Accumulate;
    public float Alpha;
}
