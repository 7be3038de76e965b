using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// One register of steps of the recurrence <c>A = delta + decay · A'</c>: the one place where <see cref="GaeArgs"/>' mask modes and
/// episode ends stand. Neighbouring lanes are neighbouring times or neighbouring sequences.
/// </summary>
internal readonly unsafe struct GaeStep<TV>(in GaeArgs args)
    where TV : struct, ISimd<TV>
{
    private readonly TV _gamma = TV.Broadcast(args.Gamma), _decay = TV.Broadcast(args.Gamma * args.Lambda);
    private readonly GaeMaskMode _mode = args.MaskMode;

    /// <summary>Row starts; null where the argument was left out.</summary>
    public float* Rewards { get; init; }

    public byte* Mask { get; init; }

    public byte* Dones { get; init; }

    public byte* Truncations { get; init; }

    public float* TruncationValues { get; init; }

    /// <summary>Decay is the same at each step.</summary>
    public static bool IsPlain(in GaeArgs args) => args.Dones.IsEmpty && args.MaskMode != GaeMaskMode.Skip;

    /// <summary>What stands for the value at these steps, to this step and to the one before it: <paramref name="next"/> where a step is skipped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TV Value<TExtent>(int index, int rest, TV value, TV next)
        where TExtent : struct, IExtent => _mode switch
        {
            GaeMaskMode.Zero => TV.Select(TExtent.Mask<TV>(Mask, index, rest), value, TV.Broadcast(0f)),
            GaeMaskMode.Skip => TV.Select(TExtent.Mask<TV>(Mask, index, rest), value, next),
            _ => value,
        };

    /// <summary>δ and the factor of the advantage that follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TV Delta<TExtent>(int index, int rest, TV value, TV next, out TV decay)
        where TExtent : struct, IExtent
    {
        TV zero = TV.Broadcast(0f);
        TV reward = TExtent.Load<TV>(Rewards, index, rest);
        decay = _decay;
        if (Dones != null)
        {
            TV done = TExtent.Mask<TV>(Dones, index, rest);
            TV ending = Truncations == null ? zero
                : TV.Select(TExtent.Mask<TV>(Truncations, index, rest), TExtent.Load<TV>(TruncationValues, index, rest), zero);
            next = TV.Select(done, ending, next);
            decay = TV.Select(done, zero, decay);
        }

        if (_mode == GaeMaskMode.None)
        {
            return TV.Fma(_gamma, next, reward - value);
        }

        TV counted = TExtent.Mask<TV>(Mask, index, rest);
        if (_mode == GaeMaskMode.Zero)
        {
            return TV.Fma(_gamma, next, TV.Select(counted, reward, zero) - value);
        }

        decay = TV.Select(counted, decay, TV.Broadcast(1f));
        return TV.Select(counted, TV.Fma(_gamma, next, reward - value), zero);
    }
}
