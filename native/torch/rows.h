// Row operations between the matrix products. All take n rows of h elements unless they say otherwise.
#pragma once

#include <cstdint>

#include "torch/layout.h"

namespace rlhf::torch_models {

// out = norm(x)·weight + bias. stats gets (mean, 1/σ) per row; RMS norm has mean 0 and no bias.
void norm_rows(bool rms, const float* x, int64_t n, int64_t h, const float* weight, const float* bias,
               float epsilon, float* out, float* stats);
// grad_x += d/dx; grad_weight and grad_bias accumulate over the rows.
void norm_rows_backward(bool rms, const float* grad_out, const float* x, const float* stats, int64_t n,
                        int64_t h, const float* weight, float* grad_x, float* grad_weight, float* grad_bias);

// out = a (+ first bias) (+ second bias); a null pointer leaves a term out (no a: rows of biases, or zeros).
void add_biases(const float* a, const float* first, const float* second, int64_t n, int64_t h, float* out);
void add_to(const float* a, int64_t count, float* out);
// sums[c] += Σ_rows x[row, c] for columns [begin, end).
void add_column_sums(const float* x, int64_t n, int64_t h, int64_t begin, int64_t end, float* sums);

// out = activation(up), or activation(gate)·value where a row of up is [gate, value] (gated). Width counts
// outputs.
void activate(int activation, bool gated, const float* up, int64_t n, int64_t width, float* out);
// grad_up may not overlap grad_out.
void activate_backward(int activation, bool gated, const float* up, const float* grad_out, int64_t n,
                       int64_t width, float* grad_up);

// Rotates one head's leading dimensions by its position's angle; direction −1 is the gradient's way back.
void rotate_head(float* head, const float* cosines, const float* sines, int64_t half, float direction);

}  // namespace rlhf::torch_models
