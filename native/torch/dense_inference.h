// Inference of a perceptron without libtorch's dispatcher: one BLAS call and one loop a layer, over memory
// that stays. A policy is asked for a few rows at each environment step, where dispatch would cost more than
// the arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "torch/network_layout.h"

namespace rlhf::networks {

// Whether the BLAS that libtorch brought can be called by name.
bool dense_inference_available();

// One member: input [n, I], output [n, O], scratch of two times n × layout.width.
void infer_dense(const NetworkLayout& layout, const float* weights, const float* input, int64_t n,
                 float* output, float* scratch);

}  // namespace rlhf::networks
