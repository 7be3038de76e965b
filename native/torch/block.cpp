#include "torch/block.h"

#include <ATen/ATen.h>

#include <cmath>

#include "torch/rows.h"
#include "torch/runtime.h"

namespace rlhf::torch_models {
namespace {

// A matrix of the caller's memory as a tensor. libtorch has no const tensors; the operands are only read.
at::Tensor matrix(const float* data, int64_t rows, int64_t cols) {
    return at::from_blob(const_cast<float*>(data), {rows, cols}, at::TensorOptions(at::kFloat));
}

// The weight as [in, out], whichever way it is stored.
at::Tensor in_out(const Weights& weights, const Linear& linear) {
    const bool stored = weights.layout->spec.weight_layout == RLHF_WEIGHT_IN_OUT;
    const at::Tensor weight = stored ? matrix(weights.at(linear.weight), linear.in, linear.out)
                                     : matrix(weights.at(linear.weight), linear.out, linear.in);
    return stored ? weight : weight.t();
}

// out += x·W
void apply_onto(const Weights& weights, const Linear& linear, const float* x, int64_t n, float* out) {
    at::Tensor result = matrix(out, n, linear.out);
    at::addmm_out(result, result, matrix(x, n, linear.in), in_out(weights, linear));
}

// out = x·W + b
void apply(const Weights& weights, const Linear& linear, const float* x, int64_t n, float* out) {
    if (linear.bias >= 0) {
        add_biases(nullptr, weights.at(linear.bias), nullptr, n, linear.out, out);
        return apply_onto(weights, linear, x, n, out);
    }
    at::Tensor result = matrix(out, n, linear.out);
    at::mm_out(result, matrix(x, n, linear.in), in_out(weights, linear));
}

// grad_x = grad·Wᵀ
void apply_back(const Weights& weights, const Linear& linear, const float* grad, int64_t n, float* grad_x) {
    at::Tensor result = matrix(grad_x, n, linear.in);
    at::mm_out(result, matrix(grad, n, linear.out), in_out(weights, linear).t());
}

void add_weight_gradient(const Weights& weights, const Linear& linear, const float* x, const float* grad,
                         int64_t n, float* gradients, int worker, int workers) {
    const Layout& layout = *weights.layout;
    const bool stored = layout.spec.weight_layout == RLHF_WEIGHT_IN_OUT;
    const int64_t rows = stored ? linear.in : linear.out, cols = stored ? linear.out : linear.in;
    const Range mine = share(rows, worker, workers, 16);
    if (mine.size() > 0) {
        at::Tensor result = matrix(gradients + layout.parameters[linear.weight].offset + mine.begin * cols,
                                   mine.size(), cols);
        const at::Tensor left = matrix(stored ? x : grad, n, rows).narrow(1, mine.begin, mine.size());
        at::addmm_out(result, result, left.t(), matrix(stored ? grad : x, n, cols));
    }
    if (linear.bias < 0) return;
    const Range columns = share(linear.out, worker, workers, 16);
    add_column_sums(grad, n, linear.out, columns.begin, columns.end,
                    gradients + layout.parameters[linear.bias].offset);
}

void apply_norm(const Weights& weights, const Norm& norm, const float* x, int64_t n, float* out,
                float* stats) {
    const rlhf_torch_spec& spec = weights.layout->spec;
    norm_rows(spec.norm == RLHF_NORM_RMS, x, n, spec.hidden_size, weights.at(norm.weight),
              weights.at(norm.bias), spec.norm_epsilon, out, stats);
}

}  // namespace

void RotaryTable::cover(const rlhf_torch_spec& spec, int64_t positions) {
    if (spec.rotary_dims == 0) return;
    half_ = spec.rotary_dims / 2;
    int64_t have = static_cast<int64_t>(cosines_.size()) / half_;
    if (have >= positions) return;
    positions = std::max(positions, 2 * have);
    cosines_.reserve(positions * half_);
    sines_.reserve(positions * half_);
    for (; have < positions; have++) {
        for (int64_t i = 0; i < half_; i++) {
            const double angle = have * std::pow(spec.rope_theta, -2.0 * i / spec.rotary_dims);
            cosines_.push_back(static_cast<float>(std::cos(angle)));
            sines_.push_back(static_cast<float>(std::sin(angle)));
        }
    }
}

void RotaryTable::rotate(const Layout& layout, float* qkv_row, int64_t position, float direction) const {
    const float* const cosines = cosines_.data() + position * half_;
    const float* const sines = sines_.data() + position * half_;
    for (int64_t h = 0; h < layout.spec.heads; h++)
        rotate_head(qkv_row + layout.query_offset(h), cosines, sines, half_, direction);
    for (int64_t h = 0; h < layout.spec.kv_heads; h++)
        rotate_head(qkv_row + layout.key_offset(h), cosines, sines, half_, direction);
}

void block_before_attention(const Weights& weights, const Layer& layer, const LayerState& state,
                            const RotaryTable& rotary, const int32_t* positions, int64_t begin, int64_t end) {
    const Layout& layout = *weights.layout;
    const int64_t n = end - begin, hidden = layout.spec.hidden_size, width = layout.qkv_width();
    apply_norm(weights, layer.norm1, state.input + begin * hidden, n, state.normed1 + begin * hidden,
               state.stats1 + begin * 2);
    apply(weights, layer.qkv, state.normed1 + begin * hidden, n, state.qkv + begin * width);
    if (layout.spec.rotary_dims == 0) return;
    for (int64_t row = begin; row < end; row++)
        rotary.rotate(layout, state.qkv + row * width, positions[row], 1.0f);
}

void block_after_attention(const Weights& weights, const Layer& layer, const LayerState& state, int64_t begin,
                           int64_t end) {
    const Layout& layout = *weights.layout;
    const rlhf_torch_spec& spec = layout.spec;
    const int64_t n = end - begin, hidden = spec.hidden_size;
    const float* const input = state.input + begin * hidden;
    const float* const attention = state.attention + begin * layout.query_width();
    float* const output = state.output + begin * hidden;
    const float* middle = input;
    if (!spec.parallel_residual) {
        float* const sum = state.middle + begin * hidden;
        add_biases(input, weights.at(layer.attention_out.bias), nullptr, n, hidden, sum);
        apply_onto(weights, layer.attention_out, attention, n, sum);
        middle = sum;
    }
    float* const normed = state.normed2 + begin * hidden;
    float* const up = state.up + begin * layout.up_width();
    float* const active = state.active + begin * spec.intermediate_size;
    apply_norm(weights, layer.norm2, middle, n, normed, state.stats2 + begin * 2);
    apply(weights, layer.up, normed, n, up);
    activate(spec.activation, spec.gated != 0, up, n, spec.intermediate_size, active);
    add_biases(middle, weights.at(layer.down.bias),
               spec.parallel_residual ? weights.at(layer.attention_out.bias) : nullptr, n, hidden, output);
    if (spec.parallel_residual) apply_onto(weights, layer.attention_out, attention, n, output);
    apply_onto(weights, layer.down, active, n, output);
}

void block_backward_after(const Weights& weights, const Layer& layer, const LayerState& state,
                          const LayerGradients& grads, float* norm_sums, int64_t begin, int64_t end) {
    const Layout& layout = *weights.layout;
    const rlhf_torch_spec& spec = layout.spec;
    const int64_t n = end - begin, hidden = spec.hidden_size;
    const float* const grad_output = grads.output + begin * hidden;
    float* const grad_active = grads.inner + begin * spec.intermediate_size;
    float* const grad_up = grads.up + begin * layout.up_width();
    float* const grad_normed = grads.hidden + begin * hidden;
    apply_back(weights, layer.down, grad_output, n, grad_active);
    activate_backward(spec.activation, spec.gated != 0, state.up + begin * layout.up_width(), grad_active, n,
                      spec.intermediate_size, grad_up);
    apply_back(weights, layer.up, grad_up, n, grad_normed);
    // Sequential: the norm's gradient joins the residual at `middle`. Parallel: it joins at the layer's
    // input, and attention's output sees grads.output unchanged.
    float* const joined = (spec.parallel_residual ? grads.input : grads.middle) + begin * hidden;
    std::copy_n(grad_output, n * hidden, joined);
    norm_rows_backward(spec.norm == RLHF_NORM_RMS, grad_normed,
                       (spec.parallel_residual ? state.input : state.middle) + begin * hidden,
                       state.stats2 + begin * 2, n, hidden, weights.at(layer.norm2.weight), joined,
                       norm_sums + 2 * hidden, layer.norm2.bias < 0 ? nullptr : norm_sums + 3 * hidden);
    apply_back(weights, layer.attention_out,
               (spec.parallel_residual ? grads.output : grads.middle) + begin * hidden, n,
               grads.attention + begin * layout.query_width());
}

void block_backward_before(const Weights& weights, const Layer& layer, const LayerState& state,
                           const LayerGradients& grads, const RotaryTable& rotary, const int32_t* positions,
                           float* norm_sums, int64_t begin, int64_t end) {
    const Layout& layout = *weights.layout;
    const int64_t n = end - begin, hidden = layout.spec.hidden_size, width = layout.qkv_width();
    if (layout.spec.rotary_dims > 0)
        for (int64_t row = begin; row < end; row++)
            rotary.rotate(layout, grads.qkv + row * width, positions[row], -1.0f);
    float* const grad_normed = grads.hidden + begin * hidden;
    apply_back(weights, layer.qkv, grads.qkv + begin * width, n, grad_normed);
    float* const grad_input = grads.input + begin * hidden;
    if (!layout.spec.parallel_residual) std::copy_n(grads.middle + begin * hidden, n * hidden, grad_input);
    norm_rows_backward(layout.spec.norm == RLHF_NORM_RMS, grad_normed, state.input + begin * hidden,
                       state.stats1 + begin * 2, n, hidden, weights.at(layer.norm1.weight), grad_input,
                       norm_sums, layer.norm1.bias < 0 ? nullptr : norm_sums + hidden);
}

void block_backward_weights(const Weights& weights, const Layer& layer, const LayerState& state,
                            const LayerGradients& grads, float* gradients, int64_t rows, int worker,
                            int workers) {
    const bool parallel = weights.layout->spec.parallel_residual != 0;
    add_weight_gradient(weights, layer.down, state.active, grads.output, rows, gradients, worker, workers);
    add_weight_gradient(weights, layer.up, state.normed2, grads.up, rows, gradients, worker, workers);
    add_weight_gradient(weights, layer.attention_out, state.attention, parallel ? grads.output : grads.middle,
                        rows, gradients, worker, workers);
    add_weight_gradient(weights, layer.qkv, state.normed1, grads.qkv, rows, gradients, worker, workers);
}

void multiply_transposed(const float* x, int64_t n, int64_t h, const float* weight, int64_t rows,
                         float* out) {
    at::Tensor result = matrix(out, n, rows);
    at::mm_out(result, matrix(x, n, h), matrix(weight, rows, h).t());
}

}  // namespace rlhf::torch_models
