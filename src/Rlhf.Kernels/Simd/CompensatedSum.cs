using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Simd;

/// <summary>
/// A sum in lanes that keeps what each f32 addition rounds off (Knuth's two-sum; Ogita, Rump and Oishi 2005): as exact as
/// sums in f64 at a fraction of the cost.
/// </summary>
internal struct CompensatedSum<TV>()
    where TV : struct, ISimd<TV>
{
    private TV _sum = TV.Broadcast(0f), _lost = TV.Broadcast(0f);

    /// <summary>The sum of all lanes.</summary>
    public readonly double Total => TV.SumWide(_sum) + TV.SumWide(_lost);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TV value)
    {
        TV sum = _sum + value;
        TV added = sum - _sum;
        _lost += (_sum - (sum - added)) + (value - added);
        _sum = sum;
    }
}
