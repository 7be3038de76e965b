// CUDA's built-in variables and functions as the emulator gives them.
#pragma once

#include <math.h>
#include <string.h>

#include "runtime.h"

#define threadIdx (rlhf_simt_current->thread_index)
#define blockIdx (rlhf_simt_current->block->block_index)
#define blockDim (rlhf_simt_current->block->block_size)
#define gridDim (rlhf_simt_current->block->grid_size)
#define warpSize 32

#define __device__
#define __host__
#define __global__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

// The caller's place as default arguments.
#define RLHF_SIMT_HERE const char *simt_file = __builtin_FILE(), int simt_line = __builtin_LINE()
#define RLHF_SIMT_SITE (::rlhf_simt::Site{simt_file, simt_line})
#define RLHF_SIMT_INLINE inline __attribute__((always_inline))

// ---- Barriers and warp operations ------------------------------------------------------------------------------------

RLHF_SIMT_INLINE void __syncthreads(RLHF_SIMT_HERE) {
    int count;
    rlhf_simt_barrier(0, &count, RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE int __syncthreads_count(int predicate, RLHF_SIMT_HERE) {
    int count;
    rlhf_simt_barrier(predicate, &count, RLHF_SIMT_SITE);
    return count;
}

RLHF_SIMT_INLINE int __syncthreads_or(int predicate, RLHF_SIMT_HERE) {
    int count;
    rlhf_simt_barrier(predicate, &count, RLHF_SIMT_SITE);
    return count != 0;
}

RLHF_SIMT_INLINE int __syncthreads_and(int predicate, RLHF_SIMT_HERE) {
    int count;
    int threads = rlhf_simt_barrier(predicate, &count, RLHF_SIMT_SITE);
    return count == threads;
}

RLHF_SIMT_INLINE void __threadfence() {}
RLHF_SIMT_INLINE void __threadfence_block() {}

namespace rlhf_simt {

RLHF_SIMT_INLINE std::uint64_t vote(WarpOp op, unsigned mask, bool predicate, Site site) {
    WarpRequest request{op, mask, 0, 32, predicate, nullptr, site};
    return rlhf_simt_warp(&request);
}

template <class T>
RLHF_SIMT_INLINE T shuffle(WarpOp op, unsigned mask, T value, int argument, int width, Site site) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t), "a shuffle moves 4 or 8 bytes");
    WarpRequest request{op, mask, argument, width, 0, nullptr, site};
    memcpy(&request.value, &value, sizeof(T));
    std::uint64_t bits = rlhf_simt_warp(&request);
    memcpy(&value, &bits, sizeof(T));
    return value;
}

}  // namespace rlhf_simt

RLHF_SIMT_INLINE void __syncwarp(unsigned mask = 0xFFFFFFFFu, RLHF_SIMT_HERE) {
    rlhf_simt::vote(rlhf_simt::WarpOp::kSync, mask, false, RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE unsigned __ballot_sync(unsigned mask, int predicate, RLHF_SIMT_HERE) {
    return static_cast<unsigned>(rlhf_simt::vote(rlhf_simt::WarpOp::kBallot, mask, predicate != 0, RLHF_SIMT_SITE));
}

RLHF_SIMT_INLINE int __any_sync(unsigned mask, int predicate, RLHF_SIMT_HERE) {
    return static_cast<int>(rlhf_simt::vote(rlhf_simt::WarpOp::kAny, mask, predicate != 0, RLHF_SIMT_SITE));
}

RLHF_SIMT_INLINE int __all_sync(unsigned mask, int predicate, RLHF_SIMT_HERE) {
    return static_cast<int>(rlhf_simt::vote(rlhf_simt::WarpOp::kAll, mask, predicate != 0, RLHF_SIMT_SITE));
}

#define RLHF_SIMT_SHUFFLE(name, Argument, op)                                                                        \
    template <class T>                                                                                               \
    RLHF_SIMT_INLINE T name(unsigned mask, T value, Argument argument, int width = 32, RLHF_SIMT_HERE) {             \
        return rlhf_simt::shuffle(rlhf_simt::WarpOp::op, mask, value, static_cast<int>(argument), width,             \
                                  RLHF_SIMT_SITE);                                                                   \
    }
RLHF_SIMT_SHUFFLE(__shfl_sync, int, kIndex)
RLHF_SIMT_SHUFFLE(__shfl_up_sync, unsigned, kUp)
RLHF_SIMT_SHUFFLE(__shfl_down_sync, unsigned, kDown)
RLHF_SIMT_SHUFFLE(__shfl_xor_sync, int, kXor)
#undef RLHF_SIMT_SHUFFLE

// ---- Bits --------------------------------------------------------------------------------------------------------------

#define RLHF_SIMT_BITS(name, To, From)                                                                               \
    RLHF_SIMT_INLINE To name(From value) {                                                                           \
        To bits;                                                                                                     \
        static_assert(sizeof(bits) == sizeof(value), #name);                                                         \
        memcpy(&bits, &value, sizeof(bits));                                                                         \
        return bits;                                                                                                 \
    }
RLHF_SIMT_BITS(__float_as_uint, unsigned, float)
RLHF_SIMT_BITS(__float_as_int, int, float)
RLHF_SIMT_BITS(__uint_as_float, float, unsigned)
RLHF_SIMT_BITS(__int_as_float, float, int)
RLHF_SIMT_BITS(__double_as_longlong, long long, double)
RLHF_SIMT_BITS(__longlong_as_double, double, long long)
#undef RLHF_SIMT_BITS

RLHF_SIMT_INLINE int __popc(unsigned bits) { return __builtin_popcount(bits); }
RLHF_SIMT_INLINE int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
RLHF_SIMT_INLINE int __ffs(int bits) { return __builtin_ffs(bits); }
RLHF_SIMT_INLINE int __ffsll(long long bits) { return __builtin_ffsll(bits); }
RLHF_SIMT_INLINE int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
RLHF_SIMT_INLINE int __clzll(long long bits) {
    return bits == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(bits));
}
RLHF_SIMT_INLINE unsigned __brev(unsigned bits) {
    unsigned reversed = 0;
    for (int i = 0; i < 32; i++) reversed |= ((bits >> i) & 1u) << (31 - i);
    return reversed;
}
RLHF_SIMT_INLINE unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}

// ---- Arithmetic --------------------------------------------------------------------------------------------------------

#define RLHF_SIMT_MIN_MAX(T)                                                                                         \
    RLHF_SIMT_INLINE T min(T a, T b) { return b < a ? b : a; }                                                       \
    RLHF_SIMT_INLINE T max(T a, T b) { return a < b ? b : a; }
RLHF_SIMT_MIN_MAX(int)
RLHF_SIMT_MIN_MAX(unsigned)
RLHF_SIMT_MIN_MAX(long)
RLHF_SIMT_MIN_MAX(unsigned long)
RLHF_SIMT_MIN_MAX(long long)
RLHF_SIMT_MIN_MAX(unsigned long long)
#undef RLHF_SIMT_MIN_MAX
// As in CUDA, a NaN on one side loses.
RLHF_SIMT_INLINE float min(float a, float b) { return fminf(a, b); }
RLHF_SIMT_INLINE float max(float a, float b) { return fmaxf(a, b); }
RLHF_SIMT_INLINE double min(double a, double b) { return fmin(a, b); }
RLHF_SIMT_INLINE double max(double a, double b) { return fmax(a, b); }

RLHF_SIMT_INLINE float rsqrtf(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
RLHF_SIMT_INLINE float __fdiv_rn(float a, float b) { return a / b; }
RLHF_SIMT_INLINE float __fsqrt_rn(float a) { return sqrtf(a); }
RLHF_SIMT_INLINE float __frcp_rn(float a) { return 1.0f / a; }
// Never contracted into an fma.
RLHF_SIMT_INLINE float __fmul_rn(float a, float b) { return a * b; }
RLHF_SIMT_INLINE float __fadd_rn(float a, float b) { return a + b; }
RLHF_SIMT_INLINE float __fsub_rn(float a, float b) { return a - b; }
RLHF_SIMT_INLINE float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
RLHF_SIMT_INLINE double __dmul_rn(double a, double b) { return a * b; }
RLHF_SIMT_INLINE double __dadd_rn(double a, double b) { return a + b; }
RLHF_SIMT_INLINE double __dsub_rn(double a, double b) { return a - b; }
RLHF_SIMT_INLINE double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
