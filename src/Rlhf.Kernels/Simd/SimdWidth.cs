namespace Rlhf.Kernels.Simd;

/// <summary>How many f32 lanes a kernel body uses. Every kernel has one body, compiled once for each width.</summary>
public enum SimdWidth
{
    /// <summary>One lane: plain scalar code.</summary>
    Scalar = 1,

    /// <summary>Four lanes (SSE, NEON).</summary>
    V128 = 4,

    /// <summary>Eight lanes (AVX2).</summary>
    V256 = 8,

    /// <summary>Sixteen lanes (AVX-512).</summary>
    V512 = 16,
}
