#include "torch/layout.h"

#include "abi/abi.h"

namespace rlhf::torch_models {
namespace {

void require(bool condition, const std::string& text) {
    if (!condition) throw abi::InvalidArgument("model description: " + text);
}

void validate(const rlhf_torch_spec& s) {
    require(s.vocab_size > 0 && s.hidden_size > 0 && s.layers > 0 && s.intermediate_size > 0,
            "vocab_size, hidden_size, layers and intermediate_size must be positive");
    require(
        s.heads > 0 && s.kv_heads > 0 && s.head_dim > 0 && s.heads % s.kv_heads == 0,
        std::to_string(s.heads) + " heads cannot share " + std::to_string(s.kv_heads) + " key/value heads");
    require(s.qkv_layout != RLHF_QKV_PER_HEAD || s.heads == s.kv_heads,
            "interleaved queries, keys and values need as many key/value heads as heads");
    require(s.rotary_dims >= 0 && s.rotary_dims <= s.head_dim && s.rotary_dims % 2 == 0,
            "rotary_dims must be even and within head_dim, got " + std::to_string(s.rotary_dims));
    require(s.rotary_dims > 0 || s.max_positions > 0, "learned positions need max_positions");
    require(s.rotary_dims == 0 || s.rope_theta > 0, "rope_theta must be positive");
    require(s.norm == RLHF_NORM_LAYER || s.norm == RLHF_NORM_RMS, "unknown norm " + std::to_string(s.norm));
    require(s.activation >= RLHF_ACT_GELU_TANH && s.activation <= RLHF_ACT_RELU,
            "unknown activation " + std::to_string(s.activation));
    require(s.head >= RLHF_HEAD_NONE && s.head <= RLHF_HEAD_SCALAR, "unknown head " + std::to_string(s.head));
    require(s.sliding_window >= 0, "sliding_window must not be negative");
    require(s.norm_epsilon > 0 && s.attention_scale > 0, "norm_epsilon and attention_scale must be positive");
}

}  // namespace

Layout::Layout(const rlhf_torch_spec& s) : spec(s) {
    validate(s);
    const int64_t hidden = s.hidden_size;
    tokens = add("tokens.weight", s.vocab_size, hidden);
    if (s.rotary_dims == 0) positions = add("positions.weight", s.max_positions, hidden);
    for (int i = 0; i < s.layers; i++) {
        const std::string name = "layers." + std::to_string(i) + ".";
        Layer layer;
        layer.norm1 = add_norm(name + "norm1");
        layer.qkv = add_linear(name + "qkv", hidden, qkv_width(), s.qkv_bias);
        layer.attention_out = add_linear(name + "attention_out", query_width(), hidden, s.out_bias);
        layer.norm2 = add_norm(name + "norm2");
        layer.up = add_linear(name + "up", hidden, up_width(), s.mlp_bias);
        layer.down = add_linear(name + "down", s.intermediate_size, hidden, s.mlp_bias);
        layers.push_back(layer);
    }
    final_norm = add_norm("final_norm");
    if (s.head == RLHF_HEAD_TIED) head = tokens;
    if (s.head == RLHF_HEAD_UNTIED) head = add("head.weight", s.vocab_size, hidden);
    if (s.head == RLHF_HEAD_SCALAR) head = add("head.weight", 1, hidden);
    if (s.head_bias) head_bias = add("head.bias", 1, s.head == RLHF_HEAD_SCALAR ? 1 : s.vocab_size);
}

int Layout::add(std::string name, int64_t rows, int64_t cols) {
    parameters.push_back({std::move(name), elements, rows, cols});
    elements += rows * cols;
    return static_cast<int>(parameters.size()) - 1;
}

Norm Layout::add_norm(const std::string& name) {
    Norm norm;
    norm.weight = add(name + ".weight", 1, spec.hidden_size);
    if (spec.norm == RLHF_NORM_LAYER) norm.bias = add(name + ".bias", 1, spec.hidden_size);
    return norm;
}

Linear Layout::add_linear(const std::string& name, int64_t in, int64_t out, bool bias) {
    Linear linear;
    linear.in = in;
    linear.out = out;
    const bool in_out = spec.weight_layout == RLHF_WEIGHT_IN_OUT;
    linear.weight = add(name + ".weight", in_out ? in : out, in_out ? out : in);
    if (bias) linear.bias = add(name + ".bias", 1, out);
    return linear;
}

int64_t Layout::query_offset(int64_t head) const {
    return spec.qkv_layout == RLHF_QKV_PER_HEAD ? head * 3 * spec.head_dim : head * spec.head_dim;
}

int64_t Layout::key_offset(int64_t kv_head) const {
    return spec.qkv_layout == RLHF_QKV_PER_HEAD ? (kv_head * 3 + 1) * spec.head_dim
                                                : query_width() + kv_head * spec.head_dim;
}

int64_t Layout::value_offset(int64_t kv_head) const {
    return spec.qkv_layout == RLHF_QKV_PER_HEAD ? (kv_head * 3 + 2) * spec.head_dim
                                                : query_width() + kv_width() + kv_head * spec.head_dim;
}

}  // namespace rlhf::torch_models
