#include "torch/dense_inference.h"

#include <cstring>

#include "torch/simd.h"

// Fortran BLAS, found by the loader among libtorch's own dependencies; weak, since a libtorch with MKL built
// in exports none.
extern "C" __attribute__((weak)) void sgemm_(const char* transa, const char* transb, const int* m,
                                             const int* n, const int* k, const float* alpha, const float* a,
                                             const int* lda, const float* b, const int* ldb,
                                             const float* beta, float* c, const int* ldc);

namespace rlhf::networks {
namespace {

RLHF_CLONES void tanh_in_place(float* x, int64_t count) {
    for (int64_t i = 0; i < count; i++) x[i] = torch_models::fast_tanh(x[i]);
}

RLHF_CLONES void leaky_relu_in_place(float* x, int64_t count, float slope) {
    // A NaN must stay one: the comparison keeps x where it fails.
    for (int64_t i = 0; i < count; i++) x[i] = x[i] < 0 ? slope * x[i] : x[i];
}

void linear(const float* weight, const float* bias, const float* input, int in, int out, int n,
            float* output) {
    for (int row = 0; row < n; row++) std::memcpy(output + int64_t{row} * out, bias, sizeof(float) * out);
    // Row major [n, out] is column major [out, n]: outputᵀ += weight · inputᵀ.
    const float one = 1;
    sgemm_("T", "N", &out, &n, &in, &one, weight, &in, input, &in, &one, output, &out);
}

}  // namespace

bool dense_inference_available() { return sgemm_ != nullptr; }

void infer_dense(const NetworkLayout& layout, const float* weights, const float* input, int64_t n,
                 float* output, float* scratch) {
    int last = -1;
    for (size_t i = 0; i < layout.layers.size(); i++)
        if (layout.layers[i].kind == RLHF_LAYER_LINEAR) last = static_cast<int>(i);
    const float* from = input;
    float* here = nullptr;
    int turn = 0;
    for (size_t i = 0; i < layout.layers.size(); i++) {
        const NetworkLayer& layer = layout.layers[i];
        const int64_t in = product(layer.in), out = product(layer.out);
        if (layer.kind == RLHF_LAYER_LINEAR) {
            here = static_cast<int>(i) == last ? output : scratch + (turn++ % 2) * n * layout.width;
            linear(weights + layout.parameters[layer.weight].offset,
                   weights + layout.parameters[layer.bias].offset, from, static_cast<int>(in),
                   static_cast<int>(out), static_cast<int>(n), here);
            from = here;
            continue;
        }
        if (layer.kind == RLHF_LAYER_DROPOUT || layer.kind == RLHF_LAYER_FLATTEN) continue;
        if (from == input) {
            here = scratch + (turn++ % 2) * n * layout.width;
            std::memcpy(here, input, sizeof(float) * static_cast<size_t>(n * in));
            from = here;
        }
        if (layer.kind == RLHF_LAYER_TANH)
            tanh_in_place(here, n * out);
        else
            leaky_relu_in_place(here, n * out, layer.kind == RLHF_LAYER_RELU ? 0.0f : layer.value);
    }
}

}  // namespace rlhf::networks
