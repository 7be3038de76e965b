// A small network's description as it runs: each layer's shapes and where its tensors lie in a member's part
// of the flat buffers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "torch/rlhf_network.h"

namespace rlhf::networks {

struct NetworkTensor {
    std::string name;
    int layer = 0;
    std::vector<int64_t> shape;
    int64_t offset = 0;
    int64_t count() const;
};

struct NetworkLayer {
    int kind = 0;
    int64_t kernel = 0, stride = 0;
    float value = 0;
    std::vector<int64_t> in, out;  // [features] or [channels, height, width]
    int weight = -1, bias = -1;    // indices into parameters
    int mean = -1, variance = -1;  // indices into buffers
};

struct NetworkLayout {
    explicit NetworkLayout(const rlhf_network_spec& spec);

    int64_t members = 1, inputs = 0, outputs = 0;
    std::vector<int64_t> input_shape;
    std::vector<NetworkLayer> layers;
    std::vector<NetworkTensor> parameters, buffers;
    int64_t weights_per_member = 0, buffers_per_member = 0;
    int64_t macs_per_row = 0;  // multiply-adds of one row through one member
    int64_t width = 0;         // most values that a row has between two layers
    bool batch_norm = false, dense = true;

  private:
    void add(const rlhf_network_layer& description, int index);
    int add_parameter(int layer, const char* name, std::vector<int64_t> shape);
    int add_buffer(int layer, const char* name, int64_t size);
};

int64_t product(const std::vector<int64_t>& shape);

}  // namespace rlhf::networks
