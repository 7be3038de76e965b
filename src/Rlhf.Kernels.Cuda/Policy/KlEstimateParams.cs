using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>KlEstimateParams of kernels/policy/kl_estimate.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KlEstimateParams
{
    public DeviceView Logprobs;
    public DeviceView RefLogprobs;
    public DeviceView Mask;
    public DeviceView Kl;
    public DeviceView GradLogprobs;
    public ElementGrid Elements;
    public int Estimator;
    public float Clamp;
}
