// Causal attention of one sequence, or of one new token against the cache. Scores never exceed a block of
// queries.
#pragma once

#include <cstdint>
#include <vector>

#include "torch/layout.h"

namespace rlhf::torch_models {

// qkv: rows of the fused projection (rotated already), `tokens` of them; out [tokens, heads·head_dim];
// lse [tokens, heads] gets the log of each softmax's denominator, all the backward needs. Scratch grows as
// needed.
void attend(const Layout& layout, const float* qkv, int64_t tokens, float* out, float* lse,
            std::vector<float>& scratch);
// Writes grad_qkv (every element of the rows).
void attend_backward(const Layout& layout, const float* qkv, int64_t tokens, const float* out,
                     const float* lse, const float* grad_out, float* grad_qkv, std::vector<float>& scratch);

// One sequence's cache of one layer, in blocks of 16 positions so that scores and sums run over whole
// vectors: keys [kv_heads, blocks, head_dim, 16], then values [kv_heads, capacity, head_dim rounded up to
// 16].
struct CacheSlot {
    float* keys;
    float* values;
    int64_t capacity;  // a multiple of 16
};
int64_t cache_capacity(int64_t tokens);
// Floats of one slot.
int64_t cache_keys_size(const Layout& layout, int64_t capacity);
int64_t cache_values_size(const Layout& layout, int64_t capacity);
void store_keys_values(const Layout& layout, const float* qkv_row, int64_t position, const CacheSlot& slot);
// One query row against positions [0, length) of its slot; out [heads·head_dim].
void attend_cached(const Layout& layout, const float* qkv_row, int64_t length, const CacheSlot& slot,
                   float* out, std::vector<float>& scratch);

}  // namespace rlhf::torch_models
