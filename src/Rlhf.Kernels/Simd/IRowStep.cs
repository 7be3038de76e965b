namespace Rlhf.Kernels.Simd;

/// <summary>One register's worth of an elementwise kernel: loads, computes, stores, and keeps the row's sums in itself.</summary>
internal interface IRowStep<TV>
    where TV : struct, ISimd<TV>
{
    /// <param name="index">First element of the register within the row.</param>
    /// <param name="rest">Elements of the row from there, when fewer than the width.</param>
    void Next<TExtent>(int index, int rest)
        where TExtent : struct, IExtent;
}
