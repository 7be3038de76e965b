// One transformer layer for a range of rows, in the two halves around attention, and its gradients.
#pragma once

#include <cstdint>
#include <vector>

#include "torch/layout.h"

namespace rlhf::torch_models {

// Parameters as pointers into the flat buffer; the gradient buffer is null for a model that only runs
// forward.
struct Weights {
    const Layout* layout;
    const float* values;

    const float* at(int parameter) const {
        return parameter < 0 ? nullptr : values + layout->parameters[parameter].offset;
    }
};

// cos and sin of every position's angles, [positions, rotary_dims / 2] each.
class RotaryTable {
  public:
    void cover(const rlhf_torch_spec& spec, int64_t positions);
    // Rotates all query and key heads of one fused row; direction −1 undoes it.
    void rotate(const Layout& layout, float* qkv_row, int64_t position, float direction) const;

  private:
    int64_t half_ = 0;
    std::vector<float> cosines_, sines_;
};

// What a layer computes for its rows, [rows, …] each; also what its backward reads.
struct LayerState {
    float *input, *normed1, *stats1, *qkv, *attention, *lse, *middle, *normed2, *stats2, *up, *active,
        *output;
};

// normed1 = norm(input), qkv = normed1·W + b, queries and keys rotated. Rows [begin, end).
void block_before_attention(const Weights& weights, const Layer& layer, const LayerState& state,
                            const RotaryTable& rotary, const int32_t* positions, int64_t begin, int64_t end);
// output = input + attention·Wo + mlp(norm(…)), residuals sequential or parallel. Rows [begin, end).
void block_after_attention(const Weights& weights, const Layer& layer, const LayerState& state, int64_t begin,
                           int64_t end);

// Gradients that flow between a layer's parts, [rows, …] each. `middle` receives d loss / d middle
// (sequential residuals), `input` d loss / d input.
struct LayerGradients {
    float *output, *middle, *input, *attention, *qkv, *up, *hidden, *inner;
};

// Sums of the norms' gradients of one worker, [4, H]: weight1, bias1, weight2, bias2.
void block_backward_after(const Weights& weights, const Layer& layer, const LayerState& state,
                          const LayerGradients& grads, float* norm_sums, int64_t begin, int64_t end);
void block_backward_before(const Weights& weights, const Layer& layer, const LayerState& state,
                           const LayerGradients& grads, const RotaryTable& rotary, const int32_t* positions,
                           float* norm_sums, int64_t begin, int64_t end);
// Adds one worker's share of the four matrices' gradients over all rows.
void block_backward_weights(const Weights& weights, const Layer& layer, const LayerState& state,
                            const LayerGradients& grads, float* gradients, int64_t rows, int worker,
                            int workers);

// out[n, rows of weight] = x[n, h]·weightᵀ, weight as [rows, h]: the head.
void multiply_transposed(const float* x, int64_t n, int64_t h, const float* weight, int64_t rows, float* out);

}  // namespace rlhf::torch_models
