using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>GaussianKlParams of kernels/control/gaussian_kl.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GaussianKlParams
{
    public DeviceView Means;
    public DeviceView LogStds;
    public DeviceView OldMeans;
    public DeviceView OldLogStds;
    public DeviceView GradKl;
    public DeviceView Kl;
    public DeviceView GradMeans;
    public DeviceView GradLogStds;
    public GridPartials Partials;
    public int Rows;
    public int Cols;
    public int Lanes;
    public int BlockRows;
    public int Summed;
}
