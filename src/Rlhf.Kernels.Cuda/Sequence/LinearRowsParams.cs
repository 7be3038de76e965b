using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>LinearRowsParams of kernels/sequence/linear_rows.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearRowsParams
{
    public DeviceView Logits;
    public DeviceView Grads;
    public DeviceView Bias;
    public DeviceView Targets;
    public DeviceView Mask;
    public DeviceView GradLogprobs;
    public DeviceView GradEntropy;
    public DeviceView Logprobs;
    public DeviceView Entropy;
    public nint Error;
    public long FirstRow;
    public int Rows;
    public int Vocab;
    public float GradScale;
    public float Inner;
    public float Cap;
    public float InverseCap;
    public float SlopeLog2;
    public float Slope;
    public float Chain;
}
