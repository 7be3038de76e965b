#include "torch/network_layout.h"

#include <algorithm>
#include <cmath>

#include "abi/abi.h"

namespace rlhf::networks {
namespace {

std::string text(const std::vector<int64_t>& shape) {
    std::string result = "[";
    for (size_t i = 0; i < shape.size(); i++) result += (i ? ", " : "") + std::to_string(shape[i]);
    return result + "]";
}

const char* name_of(int kind) {
    static const char* const names[] = {"linear", "conv", "batch norm", "dropout",
                                        "tanh",   "relu", "leaky relu", "flatten"};
    return kind >= 0 && kind <= RLHF_LAYER_FLATTEN ? names[kind] : "unknown";
}

}  // namespace

int64_t product(const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    return count;
}

int64_t NetworkTensor::count() const { return product(shape); }

NetworkLayout::NetworkLayout(const rlhf_network_spec& spec) : members(spec.members) {
    auto require = [](bool condition, const std::string& what) {
        if (!condition) throw abi::InvalidArgument("network description: " + what);
    };
    require(spec.members > 0, "members is " + std::to_string(spec.members) + ", expected at least 1");
    require(spec.rank == 1 || spec.rank == 3, "the input shape has " + std::to_string(spec.rank) +
                                                  " sizes, expected [features] or [channels, height, width]");
    input_shape.assign(spec.shape, spec.shape + spec.rank);
    require(*std::min_element(input_shape.begin(), input_shape.end()) > 0,
            "the input shape is " + text(input_shape) + ", expected positive sizes");
    require(spec.layer_count > 0 && spec.layers != nullptr, "there are no layers");
    inputs = width = product(input_shape);
    for (int i = 0; i < spec.layer_count; i++) add(spec.layers[i], i);
    outputs = product(layers.back().out);
    require(!parameters.empty(), "no layer has weights");
    // Offsets and pointers on the managed side are 32-bit.
    require(weights_per_member <= INT32_MAX / members, "more than 2^31 weights");
}

void NetworkLayout::add(const rlhf_network_layer& description, int index) {
    NetworkLayer layer;
    layer.kind = description.kind;
    layer.kernel = description.kernel;
    layer.stride = description.stride;
    layer.value = description.value;
    layer.in = layers.empty() ? input_shape : layers.back().out;
    layer.out = layer.in;
    auto require = [&](bool condition, const std::string& what) {
        if (!condition)
            throw abi::InvalidArgument("layer " + std::to_string(index) + " (" + name_of(layer.kind) +
                                       "): " + what);
    };
    const int64_t outputs_here = description.outputs;
    switch (layer.kind) {
        case RLHF_LAYER_LINEAR:
            require(outputs_here > 0, "outputs is " + std::to_string(outputs_here) + ", expected at least 1");
            require(layer.in.size() == 1,
                    "its input is " + text(layer.in) + ", expected [features] (a flatten layer before it)");
            layer.out = {outputs_here};
            layer.weight = add_parameter(index, "weight", {outputs_here, layer.in[0]});
            layer.bias = add_parameter(index, "bias", {outputs_here});
            macs_per_row += outputs_here * layer.in[0];
            break;
        case RLHF_LAYER_CONV: {
            require(outputs_here > 0, "outputs is " + std::to_string(outputs_here) + ", expected at least 1");
            require(layer.in.size() == 3,
                    "its input is " + text(layer.in) + ", expected [channels, height, width]");
            require(layer.kernel > 0 && layer.stride > 0, "kernel is " + std::to_string(layer.kernel) +
                                                              " and stride " + std::to_string(layer.stride) +
                                                              ", expected at least 1");
            require(layer.in[1] >= layer.kernel && layer.in[2] >= layer.kernel,
                    "its input is " + text(layer.in) + ", smaller than the kernel of " +
                        std::to_string(layer.kernel));
            layer.out = {outputs_here, (layer.in[1] - layer.kernel) / layer.stride + 1,
                         (layer.in[2] - layer.kernel) / layer.stride + 1};
            layer.weight =
                add_parameter(index, "weight", {outputs_here, layer.in[0], layer.kernel, layer.kernel});
            layer.bias = add_parameter(index, "bias", {outputs_here});
            macs_per_row += product(layer.out) * layer.in[0] * layer.kernel * layer.kernel;
            dense = false;
            break;
        }
        case RLHF_LAYER_BATCH_NORM:
            require(layer.value > 0, "epsilon is " + std::to_string(layer.value) + ", expected more than 0");
            layer.weight = add_parameter(index, "weight", {layer.in[0]});
            layer.bias = add_parameter(index, "bias", {layer.in[0]});
            layer.mean = add_buffer(index, "running_mean", layer.in[0]);
            layer.variance = add_buffer(index, "running_var", layer.in[0]);
            batch_norm = true;
            dense = false;
            break;
        case RLHF_LAYER_DROPOUT:
            require(layer.value >= 0 && layer.value < 1, "probability is " + std::to_string(layer.value) +
                                                             ", expected at least 0 and less than 1");
            break;
        case RLHF_LAYER_LEAKY_RELU:
            require(std::isfinite(layer.value) && layer.value >= 0,
                    "slope is " + std::to_string(layer.value) + ", expected at least 0");
            break;
        case RLHF_LAYER_FLATTEN:
            layer.out = {product(layer.in)};
            break;
        case RLHF_LAYER_TANH:
        case RLHF_LAYER_RELU:
            break;
        default:
            require(false, "kind " + std::to_string(layer.kind) + " does not exist");
    }
    width = std::max(width, product(layer.out));
    layers.push_back(std::move(layer));
}

int NetworkLayout::add_parameter(int layer, const char* name, std::vector<int64_t> shape) {
    NetworkTensor tensor{std::to_string(layer) + "." + name, layer, std::move(shape), weights_per_member};
    weights_per_member += tensor.count();
    parameters.push_back(std::move(tensor));
    return static_cast<int>(parameters.size()) - 1;
}

int NetworkLayout::add_buffer(int layer, const char* name, int64_t size) {
    buffers.push_back({std::to_string(layer) + "." + name, layer, {size}, buffers_per_member});
    buffers_per_member += size;
    return static_cast<int>(buffers.size()) - 1;
}

}  // namespace rlhf::networks
