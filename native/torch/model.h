// A model: its parameters in one flat buffer, the packed forward pass, and the backward pass over what it
// kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "torch/block.h"
#include "torch/packing.h"

namespace rlhf::torch_models {

// f32 memory that grows and stays.
class Buffer {
  public:
    float* ensure(int64_t count);
    float* data() const { return data_.get(); }

  private:
    std::shared_ptr<float[]> data_;
    int64_t size_ = 0;
};

class Model {
  public:
    explicit Model(const rlhf_torch_spec& spec);

    const Layout& layout() const { return layout_; }
    float* weights() const { return values_.data(); }
    float* gradients();
    RotaryTable& rotary() { return rotary_; }
    Weights view() const { return {&layout_, values_.data()}; }

    const float* forward(const rlhf_torch_batch& batch, const int32_t* rows, int64_t count, bool keep);
    void backward(const float* grad_hidden);
    void trim();

    // Embeddings of [begin, end) into out rows.
    void embed(const int32_t* ids, const int32_t* positions, int64_t begin, int64_t end, float* out) const;
    // Final norm of the rows at `from` (compact) into `out`.
    void finish(const float* from, int64_t n, float* out, float* stats) const;

  private:
    struct Selection {
        std::vector<int32_t> rows;  // packed row of each output, −1: padding
        float *hidden = nullptr, *gathered = nullptr, *stats = nullptr;
    };
    LayerState state(int layer, int64_t rows, bool keep);
    void select(const int32_t* rows, int64_t count);
    void backward_layer(int index, const LayerGradients& grads);
    void backward_final(const float* grad_hidden, float* grad_output);
    void add_embedding_gradients(const float* grad);
    void add_norm_sums(const Norm& norm, const float* sums);

    Layout layout_;
    Buffer values_, gradients_;
    RotaryTable rotary_;
    Packed packed_;
    Selection selection_;
    std::vector<LayerState> states_;
    std::vector<Buffer> tape_;  // one per layer when kept, else one for all
    Buffer hidden_, backward_, norm_sums_;
    std::vector<std::vector<float>> scratch_;  // per worker
    bool kept_ = false;
};

}  // namespace rlhf::torch_models
