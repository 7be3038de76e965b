namespace Rlhf.Kernels.Simd;

/// <summary>
/// The body of a kernel over a range of items (rows, or blocks of elements): a struct that holds its arguments,
/// compiled once for each lane type.
/// </summary>
internal interface IRangeBody
{
    void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>;
}
