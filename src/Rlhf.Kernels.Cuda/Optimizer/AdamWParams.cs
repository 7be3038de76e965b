using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>AdamWParams of kernels/optimizer/adamw.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdamWParams
{
    public DeviceView Parameters;
    public DeviceView Gradients;
    public DeviceView Moment1;
    public DeviceView Moment2;
    public DeviceView Ema;
    public nint GradScale;
    public ElementGrid Elements;
    public float Beta1;
    public float New1;
    public float Beta2;
    public float New2;
    public float Decay;
    public float StepSize;
    public float RootScale;
    public float Epsilon;
    public float EmaDecay;
    public float EmaNew;
}
