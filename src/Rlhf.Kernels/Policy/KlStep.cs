using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// A KL estimate for one register of tokens and its derivative by the log-prob, from d = logprob − refLogprob
/// (<see cref="KlEstimateArgs"/> and <see cref="Sequence.KlShapedRewardsArgs"/> use it).
/// </summary>
internal static class KlStep
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Next<TV>(KlEstimator estimator, TV d, out TV grad)
        where TV : struct, ISimd<TV>
    {
        TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);
        switch (estimator)
        {
            case KlEstimator.K1:
                grad = one;
                return d;
            case KlEstimator.K2:
                grad = d;
                return d * d * TV.Broadcast(0.5f);
            case KlEstimator.Abs:
                grad = TV.Select(TV.GreaterThan(d, zero), one, TV.Select(TV.GreaterThan(zero, d), zero - one, d));
                return TV.Abs(d);
            default:
                return K3(zero - d, out grad);
        }
    }

    /// <summary>e^x − 1 − x, and its derivative by −x.</summary>
    // Below |x| = 1 the Taylor series (the next term is under 3e-8 of the sum): the plain form loses all digits there.
    // e^x − 1 = x + (e^x − 1 − x) keeps the derivative exact as well.
    public static TV K3<TV>(TV x, out TV grad)
        where TV : struct, ISimd<TV>
    {
        TV p = TV.Broadcast(1f / 3628800);
        p = TV.Fma(p, x, TV.Broadcast(1f / 362880));
        p = TV.Fma(p, x, TV.Broadcast(1f / 40320));
        p = TV.Fma(p, x, TV.Broadcast(1f / 5040));
        p = TV.Fma(p, x, TV.Broadcast(1f / 720));
        p = TV.Fma(p, x, TV.Broadcast(1f / 120));
        p = TV.Fma(p, x, TV.Broadcast(1f / 24));
        p = TV.Fma(p, x, TV.Broadcast(1f / 6));
        p = TV.Fma(p, x, TV.Broadcast(0.5f));
        TV near = p * (x * x);

        TV growth = SimdMath.Exp(x) - TV.Broadcast(1f);
        TV isNear = TV.GreaterThan(TV.Broadcast(1f), TV.Abs(x));
        grad = TV.Broadcast(0f) - TV.Select(isNear, x + near, growth);
        return TV.Select(isNear, near, growth - x);
    }
}
