// A small network: weights in one flat buffer, a pass of all members over blocks of rows, and libtorch's
// autograd over what a kept pass recorded.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "torch/model.h"
#include "torch/network_layout.h"

namespace rlhf::networks {

using torch_models::Buffer;

class Network {
  public:
    explicit Network(const rlhf_network_spec& spec);

    const NetworkLayout& layout() const { return layout_; }
    float* weights() const { return weights_.data(); }
    float* gradients();
    float* buffers() const { return buffers_.data(); }
    void set_dropout_seed(uint64_t seed);

    const float* forward(const float* input, int64_t rows, bool per_member, int mode);
    void backward(const float* grad_output);
    const float* jacobian_product(const float* direction);

  private:
    // Some rows [begin, end) of some members, recorded by themselves: a block's graph belongs to one worker,
    // and blocks do not depend on the number of workers, so neither do the results.
    struct Block {
        int64_t begin = 0, end = 0, first_member = 0, members = 1;
        const std::vector<at::Tensor>* parameters = nullptr;
        at::Tensor output;               // with its graph
        at::Tensor cotangent;            // what pulled was computed for: a variable
        std::vector<at::Tensor> pulled;  // Jᵀ·cotangent per parameter, with its graph
        std::vector<at::Tensor> gradients;
    };

    std::vector<Block> split(int64_t rows, bool training);
    std::vector<at::Tensor> leaves(float* data, int64_t first_member, int64_t members) const;
    at::Tensor rows_of(const float* data, int64_t rows, int64_t width, bool per_member,
                       const Block& block) const;
    at::Tensor apply(const Block& block, at::Tensor x, bool shared, bool training) const;
    at::Tensor batch_norm(const Block& block, const NetworkLayer& layer, const at::Tensor& x,
                          bool training) const;
    at::Tensor dropout(const Block& block, const NetworkLayer& layer, int index, const at::Tensor& x) const;
    void infer(const float* input, int64_t rows, bool per_member, float* output);
    void require_kept(const char* what) const;

    NetworkLayout layout_;
    Buffer weights_, gradients_, buffers_, input_, output_, product_;
    std::vector<at::Tensor> parameters_;              // variables over weights_, all members in each
    std::vector<std::vector<at::Tensor>> by_member_;  // the same memory, member by member
    std::vector<Buffer> scratch_;                     // per worker
    std::vector<Block> kept_;
    int64_t kept_rows_ = 0;
    uint64_t dropout_seed_ = 0;
    uint32_t dropout_forward_ = 0;
};

}  // namespace rlhf::networks
