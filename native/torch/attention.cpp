#include "torch/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "torch/simd.h"

namespace rlhf::torch_models {
namespace {

constexpr int64_t kQueryBlock = 32;  // queries whose scores exist at a time
constexpr int64_t kLanes =
    16;  // widths of scratch matrices are multiples of this, so that products have no tails
constexpr int64_t kTileRows = 4;

typedef float Vec8 __attribute__((vector_size(32), aligned(4)));

// Macros and not functions: a vector argument would need one calling convention for all instruction sets.
#define RLHF_LOAD(pointer) (*reinterpret_cast<const Vec8*>(pointer))
#define RLHF_STORE(pointer, vector) (*reinterpret_cast<Vec8*>(pointer) = (vector))

int64_t padded(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// C[m,n] (+)= A·B with A(i,k) = a[i·row + k·col]; m a multiple of 4, n of 16. Four by sixteen sums stay in
// registers.
template <bool Accumulate>
RLHF_INLINE void multiply(int64_t m, int64_t n, int64_t depth, const float* a, int64_t row, int64_t col,
                          const float* b, int64_t ldb, float* c, int64_t ldc) {
    for (int64_t j = 0; j < n; j += kLanes) {
        for (int64_t i = 0; i < m; i += kTileRows) {
            Vec8 s00{}, s01{}, s10{}, s11{}, s20{}, s21{}, s30{}, s31{};
            const float* from = a + i * row;
            const float* to = b + j;
            for (int64_t k = 0; k < depth; k++, from += col, to += ldb) {
                const Vec8 left = RLHF_LOAD(to), right = RLHF_LOAD(to + 8);
                s00 += from[0] * left, s01 += from[0] * right;
                s10 += from[row] * left, s11 += from[row] * right;
                s20 += from[2 * row] * left, s21 += from[2 * row] * right;
                s30 += from[3 * row] * left, s31 += from[3 * row] * right;
            }
            float* const out = c + i * ldc + j;
            if constexpr (Accumulate) {
                s00 += RLHF_LOAD(out), s01 += RLHF_LOAD(out + 8);
                s10 += RLHF_LOAD(out + ldc), s11 += RLHF_LOAD(out + ldc + 8);
                s20 += RLHF_LOAD(out + 2 * ldc), s21 += RLHF_LOAD(out + 2 * ldc + 8);
                s30 += RLHF_LOAD(out + 3 * ldc), s31 += RLHF_LOAD(out + 3 * ldc + 8);
            }
            RLHF_STORE(out, s00), RLHF_STORE(out + 8, s01);
            RLHF_STORE(out + ldc, s10), RLHF_STORE(out + ldc + 8, s11);
            RLHF_STORE(out + 2 * ldc, s20), RLHF_STORE(out + 2 * ldc + 8, s21);
            RLHF_STORE(out + 3 * ldc, s30), RLHF_STORE(out + 3 * ldc + 8, s31);
        }
    }
}

// [tokens, dim] rows of pitch `pitch` → transposed [dim, width], zero beyond the tokens.
RLHF_INLINE void pack_transposed(const float* from, int64_t pitch, int64_t tokens, int64_t dim, int64_t width,
                                 float* to) {
    for (int64_t d = 0; d < dim; d++) std::fill(to + d * width + tokens, to + (d + 1) * width, 0.0f);
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t d = 0; d < dim; d++) to[d * width + t] = from[t * pitch + d];
}

// [tokens, dim] rows of pitch `pitch` → [rows, width] times scale, zero elsewhere.
RLHF_INLINE void pack_rows(const float* from, int64_t pitch, int64_t tokens, int64_t dim, int64_t rows,
                           int64_t width, float scale, float* to) {
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t d = 0; d < dim; d++) to[t * width + d] = from[t * pitch + d] * scale;
        std::fill(to + t * width + dim, to + (t + 1) * width, 0.0f);
    }
    std::fill(to + tokens * width, to + rows * width, 0.0f);
}

RLHF_INLINE int64_t first_key(const rlhf_torch_spec& spec, int64_t query) {
    return spec.sliding_window == 0 ? 0 : std::max<int64_t>(0, query - spec.sliding_window + 1);
}

RLHF_INLINE float exponentials(float* scores, int64_t begin, int64_t end, float shift) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = begin; j < end; j++) {
        const float e = fast_exp(scores[j] - shift);
        scores[j] = e;
        sum += e;
    }
    return sum;
}

RLHF_INLINE float maximum(const float* scores, int64_t begin, int64_t end) {
    float largest = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : largest)
    for (int64_t j = begin; j < end; j++) largest = largest > scores[j] ? largest : scores[j];
    return largest;
}

class Carver {
  public:
    explicit Carver(std::vector<float>& memory) : memory_(memory) {}
    // Two passes: the first adds up, the second hands out.
    void reserve(int64_t total) {
        if (static_cast<int64_t>(memory_.size()) < total) memory_.resize(total);
    }
    float* take(int64_t count) {
        float* const at = memory_.data() + used_;
        used_ += count;
        return at;
    }

  private:
    std::vector<float>& memory_;
    int64_t used_ = 0;
};

}  // namespace

RLHF_CLONES void attend(const Layout& layout, const float* qkv, int64_t tokens, float* out, float* lse,
                        std::vector<float>& scratch) {
    const rlhf_torch_spec& spec = layout.spec;
    const int64_t dim = spec.head_dim, heads = spec.heads, group = heads / spec.kv_heads,
                  pitch = layout.qkv_width();
    const int64_t keys = padded(tokens), width = padded(dim);
    Carver carve(scratch);
    carve.reserve(dim * keys + keys * width + kQueryBlock * (keys + 2 * width));
    float* const kt = carve.take(dim * keys);
    float* const v = carve.take(keys * width);
    float* const p = carve.take(kQueryBlock * keys);
    float* const q = carve.take(kQueryBlock * width);
    float* const o = carve.take(kQueryBlock * width);
    for (int64_t kv = 0; kv < spec.kv_heads; kv++) {
        pack_transposed(qkv + layout.key_offset(kv), pitch, tokens, dim, keys, kt);
        pack_rows(qkv + layout.value_offset(kv), pitch, tokens, dim, keys, width, 1.0f, v);
        for (int64_t head = kv * group; head < (kv + 1) * group; head++) {
            for (int64_t first = 0; first < tokens; first += kQueryBlock) {
                const int64_t count = std::min(kQueryBlock, tokens - first);
                const int64_t rows = (count + kTileRows - 1) / kTileRows * kTileRows,
                              seen = padded(first + count);
                pack_rows(qkv + first * pitch + layout.query_offset(head), pitch, count, dim, rows, width,
                          spec.attention_scale, q);
                multiply<false>(rows, seen, dim, q, width, 1, kt, keys, p, keys);
                for (int64_t i = 0; i < count; i++) {
                    float* const scores = p + i * keys;
                    const int64_t begin = first_key(spec, first + i), end = first + i + 1;
                    const float largest = maximum(scores, begin, end);
                    const float sum = exponentials(scores, begin, end, largest), inverse = 1.0f / sum;
                    std::fill(scores, scores + begin, 0.0f);
                    std::fill(scores + end, scores + seen, 0.0f);
#pragma omp simd
                    for (int64_t j = begin; j < end; j++) scores[j] *= inverse;
                    lse[(first + i) * heads + head] = largest + std::log(sum);
                }
                multiply<false>(rows, width, seen, p, keys, 1, v, width, o, width);
                for (int64_t i = 0; i < count; i++)
                    std::copy_n(o + i * width, dim, out + (first + i) * layout.query_width() + head * dim);
            }
        }
    }
}

RLHF_CLONES void attend_backward(const Layout& layout, const float* qkv, int64_t tokens, const float* out,
                                 const float* lse, const float* grad_out, float* grad_qkv,
                                 std::vector<float>& scratch) {
    const rlhf_torch_spec& spec = layout.spec;
    const int64_t dim = spec.head_dim, heads = spec.heads, group = heads / spec.kv_heads,
                  pitch = layout.qkv_width();
    const int64_t keys = padded(tokens), width = padded(dim), out_pitch = layout.query_width();
    Carver carve(scratch);
    carve.reserve(2 * dim * keys + 3 * keys * width + kQueryBlock * (2 * keys + 3 * width));
    float* const kt = carve.take(dim * keys);
    float* const vt = carve.take(dim * keys);
    float* const k = carve.take(keys * width);
    float* const grad_k = carve.take(keys * width);
    float* const grad_v = carve.take(keys * width);
    float* const p = carve.take(kQueryBlock * keys);
    float* const grad_p = carve.take(kQueryBlock * keys);
    float* const q = carve.take(kQueryBlock * width);
    float* const grad_o = carve.take(kQueryBlock * width);
    float* const grad_q = carve.take(kQueryBlock * width);
    for (int64_t kv = 0; kv < spec.kv_heads; kv++) {
        pack_transposed(qkv + layout.key_offset(kv), pitch, tokens, dim, keys, kt);
        pack_transposed(qkv + layout.value_offset(kv), pitch, tokens, dim, keys, vt);
        pack_rows(qkv + layout.key_offset(kv), pitch, tokens, dim, keys, width, spec.attention_scale, k);
        std::fill_n(grad_k, keys * width, 0.0f);
        std::fill_n(grad_v, keys * width, 0.0f);
        for (int64_t head = kv * group; head < (kv + 1) * group; head++) {
            for (int64_t first = 0; first < tokens; first += kQueryBlock) {
                const int64_t count = std::min(kQueryBlock, tokens - first);
                const int64_t rows = (count + kTileRows - 1) / kTileRows * kTileRows,
                              seen = padded(first + count);
                pack_rows(qkv + first * pitch + layout.query_offset(head), pitch, count, dim, rows, width,
                          spec.attention_scale, q);
                pack_rows(grad_out + first * out_pitch + head * dim, out_pitch, count, dim, rows, width, 1.0f,
                          grad_o);
                multiply<false>(rows, seen, dim, q, width, 1, kt, keys, p, keys);
                multiply<false>(rows, seen, dim, grad_o, width, 1, vt, keys, grad_p, keys);
                for (int64_t i = 0; i < count; i++) {
                    const int64_t row = first + i, begin = first_key(spec, row), end = row + 1;
                    float* const probabilities = p + i * keys;
                    float* const grads = grad_p + i * keys;
                    exponentials(probabilities, begin, end, lse[row * heads + head]);
                    // Σ_j p_j·dp_j = dout·out: no second pass over the keys.
                    const float* const o = out + row * out_pitch + head * dim;
                    float delta = 0.0f;
#pragma omp simd reduction(+ : delta)
                    for (int64_t d = 0; d < dim; d++) delta += o[d] * grad_o[i * width + d];
#pragma omp simd
                    for (int64_t j = begin; j < end; j++) grads[j] = probabilities[j] * (grads[j] - delta);
                    std::fill(probabilities, probabilities + begin, 0.0f);
                    std::fill(probabilities + end, probabilities + seen, 0.0f);
                    std::fill(grads, grads + begin, 0.0f);
                    std::fill(grads + end, grads + seen, 0.0f);
                }
                multiply<true>(seen, width, count, p, 1, keys, grad_o, width, grad_v, width);
                multiply<true>(seen, width, count, grad_p, 1, keys, q, width, grad_k, width);
                multiply<false>(rows, width, seen, grad_p, keys, 1, k, width, grad_q, width);
                for (int64_t i = 0; i < count; i++)
                    std::copy_n(grad_q + i * width, dim,
                                grad_qkv + (first + i) * pitch + layout.query_offset(head));
            }
        }
        for (int64_t t = 0; t < tokens; t++) {
            std::copy_n(grad_k + t * width, dim, grad_qkv + t * pitch + layout.key_offset(kv));
            std::copy_n(grad_v + t * width, dim, grad_qkv + t * pitch + layout.value_offset(kv));
        }
    }
}

int64_t cache_capacity(int64_t tokens) { return padded(tokens); }

int64_t cache_keys_size(const Layout& layout, int64_t capacity) { return layout.kv_width() * capacity; }

int64_t cache_values_size(const Layout& layout, int64_t capacity) {
    return layout.spec.kv_heads * padded(layout.spec.head_dim) * capacity;
}

void store_keys_values(const Layout& layout, const float* qkv_row, int64_t position, const CacheSlot& slot) {
    const int64_t dim = layout.spec.head_dim, width = padded(dim), block = position / kLanes,
                  lane = position % kLanes;
    for (int64_t kv = 0; kv < layout.spec.kv_heads; kv++) {
        const float* const key = qkv_row + layout.key_offset(kv);
        float* const keys = slot.keys + (kv * slot.capacity / kLanes + block) * dim * kLanes;
        // Unwritten lanes of a block are read along with the written ones: they must be finite.
        if (lane == 0) std::fill_n(keys, dim * kLanes, 0.0f);
        for (int64_t d = 0; d < dim; d++) keys[d * kLanes + lane] = key[d];
        float* const value = slot.values + (kv * slot.capacity + position) * width;
        std::copy_n(qkv_row + layout.value_offset(kv), dim, value);
        std::fill(value + dim, value + width, 0.0f);
    }
}

RLHF_CLONES void attend_cached(const Layout& layout, const float* qkv_row, int64_t length,
                               const CacheSlot& slot, float* out, std::vector<float>& scratch) {
    const rlhf_torch_spec& spec = layout.spec;
    const int64_t dim = spec.head_dim, width = padded(dim), group = spec.heads / spec.kv_heads;
    const int64_t begin = first_key(spec, length - 1), first = begin / kLanes * kLanes;
    Carver carve(scratch);
    carve.reserve(padded(length) + width);
    float* const scores = carve.take(padded(length));
    float* const sums = carve.take(width);
    for (int64_t head = 0; head < spec.heads; head++) {
        const int64_t kv = head / group;
        const float* const query = qkv_row + layout.query_offset(head);
        for (int64_t j = first; j < length; j += kLanes) {
            const float* keys = slot.keys + (kv * slot.capacity + j) * dim;
            Vec8 even0{}, even1{}, odd0{}, odd1{};
            int64_t d = 0;
            for (; d + 1 < dim; d += 2, keys += 2 * kLanes) {
                even0 += query[d] * RLHF_LOAD(keys), even1 += query[d] * RLHF_LOAD(keys + 8);
                odd0 += query[d + 1] * RLHF_LOAD(keys + 16), odd1 += query[d + 1] * RLHF_LOAD(keys + 24);
            }
            if (d < dim) even0 += query[d] * RLHF_LOAD(keys), even1 += query[d] * RLHF_LOAD(keys + 8);
            RLHF_STORE(scores + j, (even0 + odd0) * spec.attention_scale);
            RLHF_STORE(scores + j + 8, (even1 + odd1) * spec.attention_scale);
        }
        const float total = exponentials(scores, begin, length, maximum(scores, begin, length)),
                    inverse = 1.0f / total;
        for (int64_t d = 0; d < width; d += kLanes) {
            const float* values = slot.values + (kv * slot.capacity + begin) * width + d;
            Vec8 even0{}, even1{}, odd0{}, odd1{};
            int64_t j = begin;
            for (; j + 1 < length; j += 2, values += 2 * width) {
                even0 += scores[j] * RLHF_LOAD(values), even1 += scores[j] * RLHF_LOAD(values + 8);
                odd0 += scores[j + 1] * RLHF_LOAD(values + width),
                    odd1 += scores[j + 1] * RLHF_LOAD(values + width + 8);
            }
            if (j < length)
                even0 += scores[j] * RLHF_LOAD(values), even1 += scores[j] * RLHF_LOAD(values + 8);
            RLHF_STORE(sums + d, (even0 + odd0) * inverse);
            RLHF_STORE(sums + d + 8, (even1 + odd1) * inverse);
        }
        std::copy_n(sums, dim, out + head * dim);
    }
}

}  // namespace rlhf::torch_models
