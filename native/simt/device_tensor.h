// Twins of what is inline PTX on a device: no GPU has compared the two, see kernels/README.md.
#pragma once

#include "device_memory.h"

// ex2.approx promises 2 ulp: the twin spends them, by a hash of the argument, so that code which leans on more fails here.
RLHF_SIMT_INLINE float exp2_approx(float x) {
    float exact = exp2f(x);
    if (exact < 1.17549435e-38f) {
        return 0.0f;
    }
    unsigned bits = __float_as_uint(exact);
    if (x == 0.0f || bits >= 0x7F800000u) {
        return exact;
    }
    unsigned hash = __float_as_uint(x) * 0x9E3779B1u;
    hash = (hash ^ (hash >> 15)) * 0x85EBCA77u;
    bits += (hash >> 16) % 5u - 2u;
    return __uint_as_float(bits < 0x00800000u ? 0x00800000u : bits >= 0x7F800000u ? 0x7F7FFFFFu : bits);
}

RLHF_SIMT_INLINE float f16_bits_to_f32(unsigned short bits) {
    unsigned sign = static_cast<unsigned>(bits & 0x8000u) << 16, magnitude = bits & 0x7FFFu;
    if (magnitude >= 0x7C00u) {
        return __uint_as_float(sign | 0x7F800000u | (magnitude & 0x3FFu) << 13);
    }
    // Exponents are rebased by a multiplication, which also normalises subnormals.
    return __uint_as_float(sign | __float_as_uint(__uint_as_float(magnitude << 13) * 0x1p112f));
}

RLHF_SIMT_INLINE unsigned short f32_to_f16_bits(float value) {
    unsigned bits = __float_as_uint(value), sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
        return static_cast<unsigned short>(0x7FFFu);  // cvt gives the canonical NaN
    }
    if (magnitude >= 0x47800000u) {
        return static_cast<unsigned short>(sign | 0x7C00u);
    }
    if (magnitude < 0x38800000u) {
        // Adding 0.5 leaves the rounded subnormal in the low bits.
        return static_cast<unsigned short>(sign | (__float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3F000000u));
    }
    unsigned rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
    return static_cast<unsigned short>(sign | ((rounded - 0x38000000u) >> 13));
}

template <class T>
RLHF_SIMT_INLINE void cp_async_16(Shared<T> to, const T* from, RLHF_SIMT_HERE) {
    rlhf_simt_need_architecture(80, "cp.async", RLHF_SIMT_SITE);
    rlhf_simt_copy_async(to.begin(), to.end(), to.place(), from, sizeof(T), RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE void cp_async_commit() {
    rlhf_simt_copy_commit();
}

template <int pending>
RLHF_SIMT_INLINE void cp_async_wait(RLHF_SIMT_HERE) {
    rlhf_simt_copy_wait(pending, RLHF_SIMT_SITE);
}

template <class T>
RLHF_SIMT_INLINE void ldmatrix_x4(unsigned (&fragment)[4], Shared<T> row, RLHF_SIMT_HERE) {
    static_assert(sizeof(T) == 2, "ldmatrix moves 16-bit elements");
    rlhf_simt_need_architecture(80, "ldmatrix", RLHF_SIMT_SITE);
    rlhf_simt::MatrixOperand operand{
        fragment, rlhf_simt_shared(row.begin(), row.end(), row.place(), 16, sizeof(T), false, RLHF_SIMT_SITE)};
    rlhf_simt::WarpRequest request{rlhf_simt::WarpOp::kMatrix, 0xFFFFFFFFu, 0, 32, 0, &operand, RLHF_SIMT_SITE};
    rlhf_simt_warp(&request);
}

namespace rlhf_simt {

RLHF_SIMT_INLINE void mma(float* d, const unsigned* a, const unsigned* b, bool f16, Site site) {
    rlhf_simt_need_architecture(80, "mma.m16n8k16", site);
    MmaOperand operand{d, a, b, f16};
    WarpRequest request{WarpOp::kMma, 0xFFFFFFFFu, 0, 32, 0, &operand, site};
    rlhf_simt_warp(&request);
}

}  // namespace rlhf_simt

RLHF_SIMT_INLINE void mma_m16n8k16_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], RLHF_SIMT_HERE) {
    rlhf_simt::mma(d, a, b, false, RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE void mma_m16n8k16_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], RLHF_SIMT_HERE) {
    rlhf_simt::mma(d, a, b, true, RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE unsigned cluster_rank(RLHF_SIMT_HERE) {
    return rlhf_simt_cluster_rank(RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE unsigned cluster_size(RLHF_SIMT_HERE) {
    return rlhf_simt_cluster_size(RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE void cluster_sync(RLHF_SIMT_HERE) {
    rlhf_simt_cluster_barrier(RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE float cluster_read(Shared<float> own, unsigned rank, RLHF_SIMT_HERE) {
    float value;
    memcpy(&value, rlhf_simt_peer_shared(own.begin(), own.end(), own.place(), sizeof(value), rank, RLHF_SIMT_SITE), sizeof(value));
    return value;
}
