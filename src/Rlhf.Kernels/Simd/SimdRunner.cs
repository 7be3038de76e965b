using System.Runtime.Intrinsics;

namespace Rlhf.Kernels.Simd;

/// <summary>Runs a body at one SIMD width over a worker team. The body's result must not depend on how ranges are handed out.</summary>
internal readonly unsafe struct SimdRunner(SimdWidth width, WorkerTeam team)
{
    public SimdWidth Width { get; } = width;

    public WorkerTeam Team { get; } = team;

    /// <summary>The widest registers that the processor runs natively and the runtime was allowed to use.</summary>
    public static SimdWidth Widest =>
        Vector512.IsHardwareAccelerated ? SimdWidth.V512
        : Vector256.IsHardwareAccelerated ? SimdWidth.V256
        : Vector128.IsHardwareAccelerated ? SimdWidth.V128
        : SimdWidth.Scalar;

    /// <summary>Runs <paramref name="body"/> over all items, at least <paramref name="grain"/> at a time.</summary>
    public void Run<TBody>(ref TBody body, int items, int grain)
        where TBody : unmanaged, IRangeBody
    {
        if (items <= 0)
        {
            return;
        }

        fixed (TBody* state = &body)
        {
            Team.Run(items, grain, Entry<TBody>(Width), state);
        }
    }

    private static delegate*<void*, int, int, void> Entry<TBody>(SimdWidth width)
        where TBody : unmanaged, IRangeBody => width switch
        {
            SimdWidth.V512 => &Invoke<TBody, Lanes16>,
            SimdWidth.V256 => &Invoke<TBody, Lanes8>,
            SimdWidth.V128 => &Invoke<TBody, Lanes4>,
            _ => &Invoke<TBody, Lanes1>,
        };

    private static void Invoke<TBody, TV>(void* state, int begin, int end)
        where TBody : unmanaged, IRangeBody
        where TV : struct, ISimd<TV> => ((TBody*)state)->Run<TV>(begin, end);
}
