using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>LinearCountedRowsParams of kernels/sequence/linear_counted_rows.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearCountedRowsParams
{
    public DeviceView Hidden;
    public DeviceView Mask;
    public DeviceView Counted;
    public int Rows;
    public int HiddenSize;
}
