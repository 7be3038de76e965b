namespace Rlhf.Kernels.Simd;

/// <summary>A kernel over the rows of an <see cref="ElementGrid"/>: a struct that holds its arguments.</summary>
/// <typeparam name="TSums">What a row adds to the kernel's statistics.</typeparam>
internal interface IElementKernel<TSums>
{
    TSums Row<TV>(in ElementGrid grid, int row)
        where TV : struct, ISimd<TV>;
}
