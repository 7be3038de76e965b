#include "torch/rows.h"

#include <cmath>

#include "torch/simd.h"

namespace rlhf::torch_models {
namespace {

constexpr float kGeluInner = 0.7978845608f;  // √(2/π)
constexpr float kGeluCubic = 0.044715f;

struct GeluTanh {
    RLHF_INLINE float value(float x) {
        return 0.5f * x * (1.0f + fast_tanh(kGeluInner * (x + kGeluCubic * x * x * x)));
    }
    RLHF_INLINE float slope(float x) {
        const float t = fast_tanh(kGeluInner * (x + kGeluCubic * x * x * x));
        const float inner = kGeluInner * (1.0f + 3.0f * kGeluCubic * x * x);
        return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner;
    }
};

// erf from libm: exact, and slower than the tanh form; only GPT-NeoX asks for it.
struct GeluErf {
    RLHF_INLINE float cdf(float x) { return 0.5f * (1.0f + std::erf(x * 0.70710678f)); }
    RLHF_INLINE float value(float x) { return x * cdf(x); }
    RLHF_INLINE float slope(float x) { return cdf(x) + x * 0.39894228f * fast_exp(-0.5f * x * x); }
};

struct Silu {
    RLHF_INLINE float value(float x) { return x / (1.0f + fast_exp(-x)); }
    RLHF_INLINE float slope(float x) {
        const float s = 1.0f / (1.0f + fast_exp(-x));
        return s * (1.0f + x * (1.0f - s));
    }
};

struct Relu {
    RLHF_INLINE float value(float x) { return x > 0.0f ? x : 0.0f; }
    RLHF_INLINE float slope(float x) { return x > 0.0f ? 1.0f : 0.0f; }
};

template <class F>
RLHF_INLINE void forward_rows(bool gated, const float* up, int64_t n, int64_t width, float* out) {
    if (!gated) {
        n *= width;
#pragma omp simd
        for (int64_t i = 0; i < n; i++) out[i] = F::value(up[i]);
        return;
    }
    for (int64_t row = 0; row < n; row++) {
        const float* gate = up + row * 2 * width;
        const float* value = gate + width;
        float* to = out + row * width;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) to[i] = F::value(gate[i]) * value[i];
    }
}

template <class F>
RLHF_INLINE void backward_rows(bool gated, const float* up, const float* grad_out, int64_t n, int64_t width,
                               float* grad_up) {
    if (!gated) {
        n *= width;
#pragma omp simd
        for (int64_t i = 0; i < n; i++) grad_up[i] = grad_out[i] * F::slope(up[i]);
        return;
    }
    for (int64_t row = 0; row < n; row++) {
        const float* gate = up + row * 2 * width;
        const float* value = gate + width;
        const float* grad = grad_out + row * width;
        float* grad_gate = grad_up + row * 2 * width;
        float* grad_value = grad_gate + width;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) {
            grad_gate[i] = grad[i] * value[i] * F::slope(gate[i]);
            grad_value[i] = grad[i] * F::value(gate[i]);
        }
    }
}

}  // namespace

RLHF_CLONES void norm_rows(bool rms, const float* x, int64_t n, int64_t h, const float* weight,
                           const float* bias, float epsilon, float* out, float* stats) {
    for (int64_t row = 0; row < n; row++, x += h, out += h) {
        float sum = 0.0f, squares = 0.0f;
        if (!rms) {
#pragma omp simd reduction(+ : sum)
            for (int64_t i = 0; i < h; i++) sum += x[i];
        }
        const float mean = sum / static_cast<float>(h);
        // Around the mean, in a second pass: E[x²] − E[x]² cancels when the mean is large.
#pragma omp simd reduction(+ : squares)
        for (int64_t i = 0; i < h; i++) squares += (x[i] - mean) * (x[i] - mean);
        const float scale = 1.0f / std::sqrt(squares / static_cast<float>(h) + epsilon);
        stats[2 * row] = mean;
        stats[2 * row + 1] = scale;
        if (bias != nullptr) {
#pragma omp simd
            for (int64_t i = 0; i < h; i++) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
        } else {
#pragma omp simd
            for (int64_t i = 0; i < h; i++) out[i] = (x[i] - mean) * scale * weight[i];
        }
    }
}

RLHF_CLONES void norm_rows_backward(bool rms, const float* grad_out, const float* x, const float* stats,
                                    int64_t n, int64_t h, const float* weight, float* grad_x,
                                    float* grad_weight, float* grad_bias) {
    for (int64_t row = 0; row < n; row++, x += h, grad_out += h, grad_x += h) {
        const float mean = stats[2 * row], scale = stats[2 * row + 1];
        float sum = 0.0f, dot = 0.0f;
#pragma omp simd reduction(+ : sum, dot)
        for (int64_t i = 0; i < h; i++) {
            const float normed = (x[i] - mean) * scale, g = grad_out[i] * weight[i];
            sum += g;
            dot += g * normed;
        }
        sum = rms ? 0.0f : sum / static_cast<float>(h);
        dot /= static_cast<float>(h);
#pragma omp simd
        for (int64_t i = 0; i < h; i++) {
            const float normed = (x[i] - mean) * scale;
            grad_x[i] += scale * (grad_out[i] * weight[i] - sum - normed * dot);
            grad_weight[i] += grad_out[i] * normed;
        }
        if (grad_bias != nullptr) {
#pragma omp simd
            for (int64_t i = 0; i < h; i++) grad_bias[i] += grad_out[i];
        }
    }
}

RLHF_CLONES void add_biases(const float* a, const float* first, const float* second, int64_t n, int64_t h,
                            float* out) {
    for (int64_t row = 0; row < n; row++, out += h) {
        if (a != nullptr)
            std::memcpy(out, a + row * h, h * sizeof(float));
        else
            std::memset(out, 0, h * sizeof(float));
        for (const float* bias : {first, second}) {
            if (bias == nullptr) continue;
#pragma omp simd
            for (int64_t i = 0; i < h; i++) out[i] += bias[i];
        }
    }
}

RLHF_CLONES void add_to(const float* a, int64_t count, float* out) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) out[i] += a[i];
}

RLHF_CLONES void add_column_sums(const float* x, int64_t n, int64_t h, int64_t begin, int64_t end,
                                 float* sums) {
    for (int64_t row = 0; row < n; row++) {
        const float* from = x + row * h;
#pragma omp simd
        for (int64_t i = begin; i < end; i++) sums[i] += from[i];
    }
}

RLHF_CLONES void activate(int activation, bool gated, const float* up, int64_t n, int64_t width, float* out) {
    switch (activation) {
        case RLHF_ACT_GELU_TANH:
            return forward_rows<GeluTanh>(gated, up, n, width, out);
        case RLHF_ACT_GELU_ERF:
            return forward_rows<GeluErf>(gated, up, n, width, out);
        case RLHF_ACT_SILU:
            return forward_rows<Silu>(gated, up, n, width, out);
        default:
            return forward_rows<Relu>(gated, up, n, width, out);
    }
}

RLHF_CLONES void activate_backward(int activation, bool gated, const float* up, const float* grad_out,
                                   int64_t n, int64_t width, float* grad_up) {
    switch (activation) {
        case RLHF_ACT_GELU_TANH:
            return backward_rows<GeluTanh>(gated, up, grad_out, n, width, grad_up);
        case RLHF_ACT_GELU_ERF:
            return backward_rows<GeluErf>(gated, up, grad_out, n, width, grad_up);
        case RLHF_ACT_SILU:
            return backward_rows<Silu>(gated, up, grad_out, n, width, grad_up);
        default:
            return backward_rows<Relu>(gated, up, grad_out, n, width, grad_up);
    }
}

RLHF_CLONES void rotate_head(float* head, const float* cosines, const float* sines, int64_t half,
                             float direction) {
#pragma omp simd
    for (int64_t i = 0; i < half; i++) {
        const float a = head[i], b = head[i + half], s = direction * sines[i];
        head[i] = a * cosines[i] - b * s;
        head[i + half] = b * cosines[i] + a * s;
    }
}

}  // namespace rlhf::torch_models
