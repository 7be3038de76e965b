using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>PairwiseLossParams of kernels/preference/pairwise_loss.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PairwiseLossParams
{
    public DeviceView Chosen;
    public DeviceView Rejected;
    public DeviceView Margins;
    public DeviceView Labels;
    public DeviceView GradChosen;
    public DeviceView GradRejected;
    public DeviceView Stats;
    public GridPartials Partials;
    public double LossFactor;
    public ElementGrid Elements;
    public float Noise;
    public float Centering;
    public float Weight;
}
