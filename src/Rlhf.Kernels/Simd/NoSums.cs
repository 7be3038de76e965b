using System.Numerics;

namespace Rlhf.Kernels.Simd;

/// <summary>The sums of a kernel that has none.</summary>
internal readonly struct NoSums : IAdditionOperators<NoSums, NoSums, NoSums>, IAdditiveIdentity<NoSums, NoSums>
{
    public static NoSums AdditiveIdentity => default;

    public static NoSums operator +(NoSums left, NoSums right) => default;
}
