// The C border of small networks: checks handles and pointers, forwards, nothing else.
#include <utility>

#include "abi/abi.h"
#include "torch/network.h"
#include "torch/rlhf_network.h"

using rlhf::abi::guard;
using rlhf::abi::InvalidArgument;
using rlhf::networks::NetworkTensor;

struct rlhf_network {
    rlhf::networks::Network network;
};

namespace {

template <class T>
T& need(T* pointer, const char* what) {
    if (pointer == nullptr) throw InvalidArgument(std::string(what) + " is null");
    return *pointer;
}

void describe(const std::vector<NetworkTensor>& all, int32_t index, rlhf_network_tensor& out) {
    if (index < 0 || index >= static_cast<int64_t>(all.size()))
        throw InvalidArgument("tensor " + std::to_string(index) + " of " + std::to_string(all.size()));
    const NetworkTensor& tensor = all[index];
    out = {};
    out.name = tensor.name.c_str();
    out.layer = tensor.layer;
    out.rank = static_cast<int32_t>(tensor.shape.size());
    for (size_t i = 0; i < tensor.shape.size(); i++) out.shape[i] = static_cast<int32_t>(tensor.shape[i]);
    out.offset = tensor.offset;
}

}  // namespace

RLHF_API int32_t rlhf_network_create(const rlhf_network_spec* spec, rlhf_network** network) {
    return guard([&] {
        need(network, "network") = nullptr;
        *network = new rlhf_network{rlhf::networks::Network(need(spec, "spec"))};
    });
}

RLHF_API int32_t rlhf_network_free(rlhf_network** network) {
    return guard([&] { delete std::exchange(need(network, "network"), nullptr); });
}

RLHF_API int32_t rlhf_network_sizes(rlhf_network* network, rlhf_network_size* size) {
    return guard([&] {
        const auto& layout = need(network, "network").network.layout();
        need(size, "size") = {static_cast<int32_t>(layout.inputs),
                              static_cast<int32_t>(layout.outputs),
                              static_cast<int32_t>(layout.parameters.size()),
                              static_cast<int32_t>(layout.buffers.size()),
                              layout.weights_per_member,
                              layout.buffers_per_member};
    });
}

RLHF_API int32_t rlhf_network_parameter(rlhf_network* network, int32_t index, rlhf_network_tensor* tensor) {
    return guard([&] {
        describe(need(network, "network").network.layout().parameters, index, need(tensor, "tensor"));
    });
}

RLHF_API int32_t rlhf_network_buffer(rlhf_network* network, int32_t index, rlhf_network_tensor* tensor) {
    return guard(
        [&] { describe(need(network, "network").network.layout().buffers, index, need(tensor, "tensor")); });
}

RLHF_API int32_t rlhf_network_weights(rlhf_network* network, float** weights) {
    return guard([&] { need(weights, "weights") = need(network, "network").network.weights(); });
}

RLHF_API int32_t rlhf_network_gradients(rlhf_network* network, float** gradients) {
    return guard([&] { need(gradients, "gradients") = need(network, "network").network.gradients(); });
}

RLHF_API int32_t rlhf_network_buffers(rlhf_network* network, float** buffers) {
    return guard([&] { need(buffers, "buffers") = need(network, "network").network.buffers(); });
}

RLHF_API int32_t rlhf_network_forward(rlhf_network* network, const float* input, int64_t rows,
                                      int32_t per_member, int32_t mode, float** output) {
    return guard([&] {
        need(output, "output") = const_cast<float*>(
            need(network, "network").network.forward(&need(input, "input"), rows, per_member != 0, mode));
    });
}

RLHF_API int32_t rlhf_network_backward(rlhf_network* network, const float* grad_output) {
    return guard([&] { need(network, "network").network.backward(&need(grad_output, "grad_output")); });
}

RLHF_API int32_t rlhf_network_jacobian_product(rlhf_network* network, const float* direction,
                                               float** product) {
    return guard([&] {
        need(product, "product") = const_cast<float*>(
            need(network, "network").network.jacobian_product(&need(direction, "direction")));
    });
}

RLHF_API int32_t rlhf_network_dropout_seed(rlhf_network* network, uint64_t seed) {
    return guard([&] { need(network, "network").network.set_dropout_seed(seed); });
}
