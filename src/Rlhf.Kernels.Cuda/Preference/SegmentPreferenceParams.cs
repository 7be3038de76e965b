using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>SegmentPreferenceParams of kernels/preference/segment_preference.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SegmentPreferenceParams
{
    public DeviceView Rewards1;
    public DeviceView Rewards2;
    public DeviceView Labels;
    public DeviceView Probabilities;
    public DeviceView GradRewards1;
    public DeviceView GradRewards2;
    public DeviceView Stats;
    public GridPartials Partials;
    public double LossFactor;
    public double Normalizer;
    public double Discount;
    public int Pairs;
    public int Length;
    public int Packed;
    public float Noise;
    public float Limit;
}
