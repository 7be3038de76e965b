// Loops written once and compiled for several instruction sets; the loader picks at run time.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(RLHF_SANITIZE)
#define RLHF_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RLHF_CLONES
#endif
#define RLHF_INLINE static inline __attribute__((always_inline))

namespace rlhf::torch_models {

// exp in f32, relative error below 2e-7, 0 below −87 and inf above 88.7: Cody–Waite reduction, degree 6
// polynomial.
RLHF_INLINE float fast_exp(float x) {
    const float clamped = x < -87.3f ? -87.3f : (x > 88.72f ? 88.72f : x);
    // Adding 1.5·2²³ rounds to an integer that stays in the low mantissa bits.
    const float shifted = clamped * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    // Two factors: 2ⁿ alone would overflow the exponent field at n = 128.
    const int32_t half = (bits - 0x4B400000) >> 1, rest = (bits - 0x4B400000) - half;
    const int32_t first = (half + 127) << 23, second = (rest + 127) << 23;
    float a, b;
    std::memcpy(&a, &first, sizeof a);
    std::memcpy(&b, &second, sizeof b);
    const float value = p * a * b;
    return x < -87.3f ? 0.0f : value;
}

RLHF_INLINE float fast_tanh(float x) {
    // 1 − 2/(e²ˣ + 1); near zero the difference cancels, so an odd polynomial takes over there.
    const float e = fast_exp(2.0f * x);
    const float far = 1.0f - 2.0f / (e + 1.0f);
    const float s = x * x;
    const float near =
        x * (1.0f + s * (-0.33333333f + s * (0.13333333f + s * (-0.05396825f + s * 0.02186949f))));
    return s < 0.0625f ? near : far;
}

}  // namespace rlhf::torch_models
