using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>RmsPropParams of kernels/optimizer/rms_prop.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RmsPropParams
{
    public DeviceView Parameters;
    public DeviceView Gradients;
    public DeviceView MeanSquares;
    public nint GradScale;
    public ElementGrid Elements;
    public float LearningRate;
    public float Decay;
    public float NewShare;
    public float Inside;
    public float Outside;
}
