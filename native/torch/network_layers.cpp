// What each layer computes, in libtorch's operations. A value is [n, F] or [n, C, H, W] while it is shared by
// all members (always, where there is one), else [M, n, F] or [n, M·C, H, W].
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "abi/abi.h"
#include "torch/dropout.h"
#include "torch/network.h"

namespace rlhf::networks {

at::Tensor Network::apply(const Block& block, at::Tensor x, bool shared, bool training) const {
    const int64_t members = block.members, n = block.end - block.begin;
    const std::vector<at::Tensor>& parameters = *block.parameters;
    shared = shared || members == 1;
    // oneDNN differentiates a convolution about twice as fast with the channels innermost in memory. Groups and
    // passes without a graph gain nothing.
    const bool channels_last = members == 1 && at::GradMode::is_enabled();
    if (layout_.input_shape.size() == 3) {
        const std::vector<int64_t>& shape = layout_.input_shape;
        if (shared)
            x = x.view({n, shape[0], shape[1], shape[2]});
        else
            x = x.view({members, n, shape[0], shape[1], shape[2]})
                    .permute({1, 0, 2, 3, 4})
                    .reshape({n, members * shape[0], shape[1], shape[2]});
        if (channels_last) x = x.contiguous(at::MemoryFormat::ChannelsLast);
    }
    // A layer with weights or masks of its own for each member gives each its own copy of a shared value.
    auto separate = [&](const NetworkLayer& layer) {
        if (!shared || members == 1) return;
        const std::vector<int64_t>& in = layer.in;
        x = in.size() == 1 ? x.unsqueeze(0).expand({members, n, in[0]})
                           : x.unsqueeze(1)
                                 .expand({n, members, in[0], in[1], in[2]})
                                 .reshape({n, members * in[0], in[1], in[2]});
        shared = false;
    };
    for (size_t i = 0; i < layout_.layers.size(); i++) {
        const NetworkLayer& layer = layout_.layers[i];
        switch (layer.kind) {
            case RLHF_LAYER_LINEAR: {
                const at::Tensor &weight = parameters[layer.weight], &bias = parameters[layer.bias];
                separate(layer);
                x = members == 1 ? at::addmm(bias, x, weight.t())
                                 : at::baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2));
                break;
            }
            case RLHF_LAYER_CONV: {
                // A shared input needs no groups: the members' filters are one larger set.
                const int64_t filters = members * layer.out[0];
                at::Tensor weight =
                    parameters[layer.weight].reshape({filters, layer.in[0], layer.kernel, layer.kernel});
                if (channels_last) weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
                x = at::convolution(x, weight, parameters[layer.bias].reshape({filters}),
                                    {layer.stride, layer.stride}, {0, 0}, {1, 1}, false, {0, 0},
                                    shared ? 1 : members);
                shared = members == 1;
                break;
            }
            case RLHF_LAYER_BATCH_NORM:
                separate(layer);
                x = batch_norm(block, layer, x, training);
                break;
            case RLHF_LAYER_DROPOUT:
                if (!training || layer.value == 0) break;
                separate(layer);
                x = x * dropout(block, layer, static_cast<int>(i), x);
                break;
            case RLHF_LAYER_TANH:
                x = at::tanh(x);
                break;
            case RLHF_LAYER_RELU:
                x = at::relu(x);
                break;
            case RLHF_LAYER_LEAKY_RELU:
                x = at::leaky_relu(x, layer.value);
                break;
            case RLHF_LAYER_FLATTEN:
                if (layer.in.size() == 1) break;
                x = shared ? x.reshape({n, layer.out[0]})
                           : x.reshape({n, members, layer.out[0]}).transpose(0, 1);
                break;
        }
    }
    if (layout_.layers.back().out.size() == 3)
        x = shared ? x.reshape({n, layout_.outputs})
                   : x.reshape({n, members, layout_.outputs}).transpose(0, 1);
    return x;
}

at::Tensor Network::batch_norm(const Block& block, const NetworkLayer& layer, const at::Tensor& x,
                               bool training) const {
    const int64_t members = block.members, channels = members * layer.in[0];
    const bool across = layer.in.size() == 1 && members > 1;  // [M, n, F] becomes [n, M·F]
    const int64_t n = across ? x.size(1) : x.size(0);
    const at::Tensor flat = across ? x.transpose(0, 1).reshape({n, channels}) : x;
    const at::Tensor weight = (*block.parameters)[layer.weight].reshape({channels}),
                     bias = (*block.parameters)[layer.bias].reshape({channels});
    auto running = [&](int index) {
        const NetworkTensor& tensor = layout_.buffers[index];
        return at::from_blob(
            buffers_.data() + block.first_member * layout_.buffers_per_member + tensor.offset,
            {members, tensor.count()}, {layout_.buffers_per_member, 1}, at::kFloat);
    };
    const at::Tensor mean = running(layer.mean), variance = running(layer.variance);
    at::Tensor y;
    if (training) {
        const int64_t values = flat.numel() / channels;
        if (values < 2)
            throw abi::InvalidArgument("batch norm in training needs more than one value of each channel");
        auto [normed, batch_mean, inverse_std] =
            at::native_batch_norm(flat, weight, bias, {}, {}, true, 0, layer.value);
        y = normed;
        at::NoGradGuard no_grad;
        // The unbiased variance, as libtorch's own running statistics have it.
        const at::Tensor unbiased = (inverse_std.pow(-2) - layer.value)
                                        .mul_(static_cast<double>(values) / static_cast<double>(values - 1));
        constexpr double momentum = 0.1;  // libtorch's default
        mean.lerp_(batch_mean.view({members, -1}), momentum);
        variance.lerp_(unbiased.view({members, -1}), momentum);
    } else {
        y = std::get<0>(at::native_batch_norm(flat, weight, bias, mean.reshape({channels}).clone(),
                                              variance.reshape({channels}).clone(), false, 0, layer.value));
    }
    return across ? y.view({n, members, layer.in[0]}).transpose(0, 1) : y;
}

at::Tensor Network::dropout(const Block& block, const NetworkLayer& layer, int index,
                            const at::Tensor& x) const {
    const int64_t members = block.members, count = product(layer.in);
    const bool rows_outside = layer.in.size() == 3 || members == 1;  // [n, M, …], else [M, n, …]
    const int64_t n = layer.in.size() == 1 && members > 1 ? x.size(1) : x.size(0);
    // A mask is the same whatever the order in memory.
    const bool channels_last = x.dim() == 4 && x.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
    const int64_t channels = layer.in[0], pixels = count / channels;
    at::Tensor mask = at::empty(x.sizes(), x.options().memory_format(x.suggest_memory_format()));
    float* data = mask.data_ptr<float>();
    at::parallel_for(0, n * members, std::max<int64_t>(1, 16384 / count), [&](int64_t begin, int64_t end) {
        std::vector<float> planes(channels_last ? count : 0);
        for (int64_t i = begin; i < end; i++) {
            const int64_t row = rows_outside ? i / members : i % n,
                          member = rows_outside ? i % members : i / n;
            float* const target = data + i * count;
            dropout_row({member_seed(dropout_seed_, block.first_member + member), dropout_forward_,
                         static_cast<uint32_t>(index)},
                        block.begin + row, layer.value, count, channels_last ? planes.data() : target);
            if (!channels_last) continue;
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                for (int64_t channel = 0; channel < channels; channel++)
                    target[pixel * channels + channel] = planes[channel * pixels + pixel];
        }
    });
    return mask;
}

}  // namespace rlhf::networks
