using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>LinearPpoRowsParams of kernels/policy/linear_ppo_rows.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearPpoRowsParams
{
    public DeviceView Logits;
    public DeviceView Grads;
    public DeviceView Bias;
    public DeviceView Targets;
    public DeviceView Mask;
    public DeviceView OldLogprobs;
    public DeviceView Advantages;
    public DeviceView Weights;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public nint Error;
    public long FirstRow;
    public int Rows;
    public int Vocab;
    public float ClipLow;
    public float ClipHigh;
    public float DualClip;
    public float LogRatioLimit;
    public float EntropyCoef;
    public float Normalizer;
    public float GradScale;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
