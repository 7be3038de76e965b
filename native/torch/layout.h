// Where each parameter lies in the flat buffer, and the checks on a model's description.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "torch/rlhf_torch.h"

namespace rlhf::torch_models {

struct Parameter {
    std::string name;
    int64_t offset = -1, rows = 0, cols = 0;
    bool present() const { return offset >= 0; }
    int64_t size() const { return rows * cols; }
};

struct Norm {
    int weight = -1, bias = -1;
};

struct Linear {
    int weight = -1, bias = -1;
    int64_t in = 0, out = 0;
};

struct Layer {
    Norm norm1, norm2;
    Linear qkv, attention_out, up, down;
};

// All parameters in their order in the buffer; fields hold indices into `parameters`, −1 where there is none.
// A gated MLP's gate and up matrices are one, gate first.
struct Layout {
    explicit Layout(const rlhf_torch_spec& spec);

    rlhf_torch_spec spec;
    std::vector<Parameter> parameters;
    std::vector<Layer> layers;
    Norm final_norm;
    int tokens = -1, positions = -1, head = -1, head_bias = -1;
    int64_t elements = 0;

    int64_t query_width() const { return int64_t{spec.heads} * spec.head_dim; }
    int64_t kv_width() const { return int64_t{spec.kv_heads} * spec.head_dim; }
    int64_t qkv_width() const { return query_width() + 2 * kv_width(); }
    int64_t up_width() const { return int64_t{spec.intermediate_size} * (spec.gated ? 2 : 1); }
    // Offsets of head h within one row of queries, keys and values.
    int64_t query_offset(int64_t head) const;
    int64_t key_offset(int64_t kv_head) const;
    int64_t value_offset(int64_t kv_head) const;

  private:
    int add(std::string name, int64_t rows, int64_t cols);
    Norm add_norm(const std::string& name);
    Linear add_linear(const std::string& name, int64_t in, int64_t out, bool bias);
};

}  // namespace rlhf::torch_models
