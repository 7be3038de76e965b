// C ABI of librlhf_torch, second part: small networks (multilayer perceptrons, convolutions) described by
// data, trained by libtorch's autograd. The rules of rlhf_torch.h hold: statuses, handles, one thread a
// handle. A network has M members of one shape that run as one pass; N rows, I inputs, O outputs.
#ifndef RLHF_NETWORK_H
#define RLHF_NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rlhf_network rlhf_network;

enum {
    RLHF_LAYER_LINEAR = 0,
    RLHF_LAYER_CONV = 1,        // no padding
    RLHF_LAYER_BATCH_NORM = 2,  // value: epsilon; a channel each, or a feature each after a linear layer
    RLHF_LAYER_DROPOUT = 3,     // value: probability
    RLHF_LAYER_TANH = 4,
    RLHF_LAYER_RELU = 5,
    RLHF_LAYER_LEAKY_RELU = 6,  // value: slope below zero
    RLHF_LAYER_FLATTEN = 7
};
enum {
    RLHF_FORWARD_INFERENCE = 0,   // running statistics, no dropout, nothing kept
    RLHF_FORWARD_EVALUATION = 1,  // the same, kept for backward
    RLHF_FORWARD_TRAINING = 2     // batch statistics, dropout, kept for backward
};

typedef struct {
    int32_t kind, outputs, kernel, stride;
    float value;
} rlhf_network_layer;

typedef struct {
    int32_t members, rank;  // rank 1: [features]; 3: [channels, height, width]
    int32_t shape[3];
    int32_t layer_count;
    const rlhf_network_layer* layers;
} rlhf_network_spec;

typedef struct {
    const char* name;  // "LAYER.weight", owned by the network
    int32_t layer, rank;
    int32_t shape[4];
    int64_t offset;  // within a member's part of the flat buffer
} rlhf_network_tensor;

typedef struct {
    int32_t inputs, outputs, parameters, buffers;
    int64_t weights_per_member, buffers_per_member;
} rlhf_network_size;

int32_t rlhf_network_create(const rlhf_network_spec* spec, rlhf_network** network);
int32_t rlhf_network_free(rlhf_network** network);
int32_t rlhf_network_sizes(rlhf_network* network, rlhf_network_size* size);
int32_t rlhf_network_parameter(rlhf_network* network, int32_t index, rlhf_network_tensor* tensor);
int32_t rlhf_network_buffer(rlhf_network* network, int32_t index, rlhf_network_tensor* tensor);

// Flat f32 memory, members one after another, for the life of the network. Gradients are made, zeroed, at
// the first call. Buffers are running means and variances.
int32_t rlhf_network_weights(rlhf_network* network, float** weights);
int32_t rlhf_network_gradients(rlhf_network* network, float** gradients);
int32_t rlhf_network_buffers(rlhf_network* network, float** buffers);

// input [N, I] for all members, or [M·N, I] member after member; output [M·N, O] until the next forward.
// What a kept forward needs stays until the next kept forward; the weights must not change before its last
// backward.
int32_t rlhf_network_forward(rlhf_network* network, const float* input, int64_t rows, int32_t per_member,
                             int32_t mode, float** output);
// Adds to the gradients; may be called again for the same kept forward.
int32_t rlhf_network_backward(rlhf_network* network, const float* grad_output);
// The kept forward's Jacobian times a direction [P]: [M·N, O] until the next call.
int32_t rlhf_network_jacobian_product(rlhf_network* network, const float* direction, float** product);
// Masks of the training forwards from here on are a function of seed, member, count of forwards since, layer,
// row and element.
int32_t rlhf_network_dropout_seed(rlhf_network* network, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
