#include "torch/network.h"

#include <ATen/ATen.h>
#include <omp.h>
#include <torch/autograd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "abi/abi.h"
#include "torch/dense_inference.h"
#include "torch/dropout.h"
#include "torch/runtime.h"

namespace rlhf::networks {
namespace {

using torch_models::BlasThreads;
using torch_models::FlushDenormals;

// Multiply-adds of a block: enough that recording a graph (about 0.2 ms) is little beside them.
constexpr int64_t kBlockMacs = 16 << 20;
constexpr int64_t kSmallestBlock = 16;

// Runs body(block, worker) for each block on libtorch's team, a BLAS of one thread in each worker; a single
// block on this thread, with the team for its operations where `team` says so.
template <class Body>
void run_blocks(int blocks, bool team, const Body& body) {
    FlushDenormals flush;
    if (blocks == 1) {
        BlasThreads blas(team ? at::get_num_threads() : 1);
        if (team) torch_models::flush_denormals_in_team();
        body(0, 0);
        return;
    }
    const int workers = std::min(at::get_num_threads(), blocks);
    BlasThreads blas(1);
    at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
        FlushDenormals flush_worker;
        // oneDNN plans a convolution for omp_get_max_threads() and then waits at a barrier for threads that a
        // region within a region does not have. The first call is libtorch's own setting of the same number,
        // once a thread.
        at::get_num_threads();
        omp_set_num_threads(1);
        for (int64_t worker = begin; worker < end; worker++)
            for (int64_t block = blocks * worker / workers; block < blocks * (worker + 1) / workers; block++)
                body(static_cast<int>(block), static_cast<int>(worker));
    });
}

}  // namespace

Network::Network(const rlhf_network_spec& spec) : layout_(spec) {
    weights_.ensure(layout_.weights_per_member * layout_.members);
    std::fill_n(weights_.data(), layout_.weights_per_member * layout_.members, 0.0f);
    const int64_t buffers = layout_.buffers_per_member * layout_.members;
    buffers_.ensure(std::max<int64_t>(buffers, 1));
    for (size_t i = 0; i < layout_.buffers.size(); i++)
        for (int64_t m = 0; m < layout_.members; m++)
            std::fill_n(buffers_.data() + m * layout_.buffers_per_member + layout_.buffers[i].offset,
                        layout_.buffers[i].count(), i % 2 == 0 ? 0.0f : 1.0f);
    parameters_ = leaves(weights_.data(), 0, layout_.members);
    for (at::Tensor& parameter : parameters_) parameter.requires_grad_(true);
}

float* Network::gradients() {
    if (gradients_.data() == nullptr) {
        const int64_t count = layout_.weights_per_member * layout_.members;
        std::fill_n(gradients_.ensure(count), count, 0.0f);
    }
    return gradients_.data();
}

void Network::set_dropout_seed(uint64_t seed) {
    dropout_seed_ = seed;
    dropout_forward_ = 0;
}

// One tensor a parameter over flat memory: [members, shape…], or the shape alone for a single member.
std::vector<at::Tensor> Network::leaves(float* data, int64_t first_member, int64_t members) const {
    std::vector<at::Tensor> result;
    for (const NetworkTensor& parameter : layout_.parameters) {
        std::vector<int64_t> sizes = parameter.shape, strides(sizes.size(), 1);
        for (size_t i = sizes.size() - 1; i > 0; i--) strides[i - 1] = strides[i] * sizes[i];
        if (members > 1) {
            sizes.insert(sizes.begin(), members);
            strides.insert(strides.begin(), layout_.weights_per_member);
        }
        float* const first = data + first_member * layout_.weights_per_member + parameter.offset;
        result.push_back(at::from_blob(first, sizes, strides, at::kFloat));
    }
    return result;
}

std::vector<Network::Block> Network::split(int64_t rows, bool training) {
    std::vector<Block> blocks;
    if (layout_.batch_norm && training) {
        // Statistics of a batch need all of its rows, so the members are what workers share out. A team that
        // meets at each operation instead waits for its slowest thread dozens of times a pass.
        if (layout_.members > 1 && by_member_.empty())
            for (int64_t m = 0; m < layout_.members; m++) {
                by_member_.push_back(leaves(weights_.data(), m, 1));
                for (at::Tensor& parameter : by_member_.back()) parameter.requires_grad_(true);
            }
        for (int64_t m = 0; m < layout_.members; m++)
            blocks.push_back(
                {0, rows, m, 1, layout_.members > 1 ? &by_member_[m] : &parameters_, {}, {}, {}, {}});
        return blocks;
    }
    const int64_t size = std::max(kBlockMacs / (layout_.macs_per_row * layout_.members), kSmallestBlock);
    int64_t count = (rows + size - 1) / size;
    if (count > 1) count += count % 2;  // for teams of two
    for (int64_t i = 0; i < count; i++)
        blocks.push_back(
            {rows * i / count, rows * (i + 1) / count, 0, layout_.members, &parameters_, {}, {}, {}, {}});
    return blocks;
}

// A block's part of [rows, width], or of [M, rows, width]; without the first dimension for a single member.
at::Tensor Network::rows_of(const float* data, int64_t rows, int64_t width, bool per_member,
                            const Block& block) const {
    float* first =
        const_cast<float*>(data) + ((per_member ? block.first_member * rows : 0) + block.begin) * width;
    const int64_t count = block.end - block.begin;
    if (!per_member || block.members == 1) return at::from_blob(first, {count, width}, at::kFloat);
    return at::from_blob(first, {block.members, count, width}, {rows * width, width, 1}, at::kFloat);
}

const float* Network::forward(const float* input, int64_t rows, bool per_member, int mode) {
    if (mode < RLHF_FORWARD_INFERENCE || mode > RLHF_FORWARD_TRAINING)
        throw abi::InvalidArgument("forward mode " + std::to_string(mode) + " does not exist");
    if (rows <= 0)
        throw abi::InvalidArgument("forward of " + std::to_string(rows) + " rows, expected at least 1");
    const int64_t members = layout_.members, width = layout_.outputs;
    const bool separate = per_member && members > 1, kept = mode != RLHF_FORWARD_INFERENCE;
    float* output = output_.ensure(members * rows * width);
    if (!kept && layout_.dense && dense_inference_available()) {
        infer(input, rows, separate, output);
        return output;
    }
    const bool training = mode == RLHF_FORWARD_TRAINING;
    if (kept) {
        kept_.clear();
        // The caller may reuse its memory before backward reads the input.
        const size_t count = static_cast<size_t>((separate ? members : 1) * rows * layout_.inputs);
        input = static_cast<float*>(
            std::memcpy(input_.ensure(static_cast<int64_t>(count)), input, count * sizeof(float)));
    }
    std::vector<Block> blocks = split(rows, training);
    run_blocks(static_cast<int>(blocks.size()), layout_.batch_norm && training, [&](int index, int) {
        Block& block = blocks[index];
        const at::Tensor x = rows_of(input, rows, layout_.inputs, separate, block);
        at::Tensor y;
        if (kept) {
            at::AutoGradMode record(true);
            block.output = y = apply(block, x, !separate, training);
        } else {
            c10::InferenceMode no_autograd;
            y = apply(block, x, !separate, training);
        }
        at::NoGradGuard no_grad;
        rows_of(output, rows, width, true, block).copy_(y);
    });
    if (training) dropout_forward_++;
    if (kept) {
        kept_ = std::move(blocks);
        kept_rows_ = rows;
    }
    return output;
}

void Network::infer(const float* input, int64_t rows, bool per_member, float* output) {
    const std::vector<Block> blocks = split(rows, false);
    const size_t workers = static_cast<size_t>(at::get_num_threads());
    if (scratch_.size() < workers) scratch_.resize(workers);
    run_blocks(static_cast<int>(blocks.size()), false, [&](int index, int worker) {
        const int64_t begin = blocks[index].begin, count = blocks[index].end - begin;
        float* scratch = scratch_[worker].ensure(2 * count * layout_.width);
        for (int64_t m = 0; m < layout_.members; m++)
            infer_dense(layout_, weights_.data() + m * layout_.weights_per_member,
                        input + ((per_member ? m * rows : 0) + begin) * layout_.inputs, count,
                        output + (m * rows + begin) * layout_.outputs, scratch);
    });
}

void Network::require_kept(const char* what) const {
    if (kept_.empty())
        throw abi::InvalidArgument(std::string(what) + " needs a forward that is kept before it");
}

void Network::backward(const float* grad_output) {
    require_kept("backward");
    run_blocks(static_cast<int>(kept_.size()), layout_.batch_norm, [&](int index, int) {
        Block& block = kept_[index];
        at::AutoGradMode record(true);
        const at::Tensor grad = rows_of(grad_output, kept_rows_, layout_.outputs, true, block);
        block.gradients =
            torch::autograd::grad({block.output}, *block.parameters, {grad}, /*retain_graph=*/true);
    });
    // In the order of the blocks, whatever the number of workers.
    FlushDenormals flush;
    at::NoGradGuard no_grad;
    for (Block& block : kept_) {
        std::vector<at::Tensor> sums = leaves(gradients(), block.first_member, block.members);
        for (size_t i = 0; i < sums.size(); i++) sums[i].add_(block.gradients[i]);
        block.gradients.clear();
    }
}

// J·v by differentiating Jᵀ·u, which is linear in u, at u and in the direction v. The graph of Jᵀ·u is
// recorded at the first product of a kept forward and serves the others.
const float* Network::jacobian_product(const float* direction) {
    require_kept("a product with the Jacobian");
    float* product = product_.ensure(layout_.members * kept_rows_ * layout_.outputs);
    run_blocks(static_cast<int>(kept_.size()), layout_.batch_norm, [&](int index, int) {
        Block& block = kept_[index];
        at::AutoGradMode record(true);
        if (block.pulled.empty()) {
            block.cotangent = at::zeros_like(block.output).requires_grad_(true);
            block.pulled = torch::autograd::grad({block.output}, *block.parameters, {block.cotangent},
                                                 /*retain_graph=*/true, /*create_graph=*/true);
        }
        const std::vector<at::Tensor> along =
            leaves(const_cast<float*>(direction), block.first_member, block.members);
        const at::Tensor pushed =
            torch::autograd::grad(block.pulled, {block.cotangent}, along, /*retain_graph=*/true)[0];
        at::NoGradGuard no_grad;
        rows_of(product, kept_rows_, layout_.outputs, true, block).copy_(pushed);
    });
    return product;
}

}  // namespace rlhf::networks
