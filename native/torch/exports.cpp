// The C border: checks handles and pointers, forwards, nothing else.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "abi/abi.h"
#include "torch/decoder.h"
#include "torch/model.h"
#include "torch/rlhf_torch.h"
#include "torch/runtime.h"

using rlhf::abi::guard;
using rlhf::abi::InvalidArgument;

struct rlhf_torch_model {
    std::shared_ptr<rlhf::torch_models::Model> model;
};

struct rlhf_torch_decoder {
    rlhf::torch_models::Decoder decoder;
};

namespace {

template <class T>
T& need(T* pointer, const char* what) {
    if (pointer == nullptr) throw InvalidArgument(std::string(what) + " is null");
    return *pointer;
}

}  // namespace

RLHF_API int32_t rlhf_torch_abi_version(void) { return RLHF_TORCH_ABI_VERSION; }

RLHF_API const char* rlhf_torch_last_error(void) { return rlhf::abi::last_error().c_str(); }

RLHF_API int32_t rlhf_torch_describe(char* text, int32_t capacity) {
    return guard([&] {
        need(text, "text");
        if (capacity <= 0) throw InvalidArgument("capacity must be positive");
        const std::string line = rlhf::torch_models::describe_runtime();
        const size_t count = std::min<size_t>(line.size(), static_cast<size_t>(capacity) - 1);
        std::memcpy(text, line.data(), count);
        text[count] = '\0';
    });
}

RLHF_API int32_t rlhf_torch_set_threads(int32_t threads) {
    return guard([&] {
        if (threads <= 0) throw InvalidArgument("threads must be positive, got " + std::to_string(threads));
        at::set_num_threads(threads);
        rlhf::torch_models::tune_allocator();
    });
}

RLHF_API int32_t rlhf_torch_model_create(const rlhf_torch_spec* spec, rlhf_torch_model** model) {
    return guard([&] {
        need(model, "model") = nullptr;
        *model = new rlhf_torch_model{std::make_shared<rlhf::torch_models::Model>(need(spec, "spec"))};
    });
}

RLHF_API int32_t rlhf_torch_model_free(rlhf_torch_model** model) {
    return guard([&] { delete std::exchange(need(model, "model"), nullptr); });
}

RLHF_API int32_t rlhf_torch_model_size(rlhf_torch_model* model, int32_t* parameters, int64_t* elements) {
    return guard([&] {
        const auto& layout = need(model, "model").model->layout();
        need(parameters, "parameters") = static_cast<int32_t>(layout.parameters.size());
        need(elements, "elements") = layout.elements;
    });
}

RLHF_API int32_t rlhf_torch_model_parameter(rlhf_torch_model* model, int32_t index,
                                            rlhf_torch_parameter* parameter) {
    return guard([&] {
        const auto& all = need(model, "model").model->layout().parameters;
        if (index < 0 || index >= static_cast<int64_t>(all.size()))
            throw InvalidArgument("parameter " + std::to_string(index) + " of " + std::to_string(all.size()));
        need(parameter, "parameter") = {all[index].name.c_str(), all[index].offset, all[index].rows,
                                        all[index].cols};
    });
}

RLHF_API int32_t rlhf_torch_model_weights(rlhf_torch_model* model, float** weights) {
    return guard([&] { need(weights, "weights") = need(model, "model").model->weights(); });
}

RLHF_API int32_t rlhf_torch_model_gradients(rlhf_torch_model* model, float** gradients) {
    return guard([&] { need(gradients, "gradients") = need(model, "model").model->gradients(); });
}

RLHF_API int32_t rlhf_torch_model_forward(rlhf_torch_model* model, const rlhf_torch_batch* batch,
                                          const int32_t* rows, int32_t row_count, int32_t keep,
                                          float** hidden) {
    return guard([&] {
        need(hidden, "hidden") = const_cast<float*>(
            need(model, "model").model->forward(need(batch, "batch"), rows, row_count, keep != 0));
    });
}

RLHF_API int32_t rlhf_torch_model_backward(rlhf_torch_model* model, const float* grad_hidden) {
    return guard([&] { need(model, "model").model->backward(&need(grad_hidden, "grad_hidden")); });
}

RLHF_API int32_t rlhf_torch_model_trim(rlhf_torch_model* model) {
    return guard([&] { need(model, "model").model->trim(); });
}

RLHF_API int32_t rlhf_torch_decoder_create(rlhf_torch_model* model, int32_t sequences, int32_t capacity,
                                           rlhf_torch_decoder** decoder) {
    return guard([&] {
        need(decoder, "decoder") = nullptr;
        *decoder = new rlhf_torch_decoder{
            rlhf::torch_models::Decoder(need(model, "model").model, sequences, capacity)};
    });
}

RLHF_API int32_t rlhf_torch_decoder_free(rlhf_torch_decoder** decoder) {
    return guard([&] { delete std::exchange(need(decoder, "decoder"), nullptr); });
}

RLHF_API int32_t rlhf_torch_decoder_prefill(rlhf_torch_decoder* decoder, const rlhf_torch_batch* batch,
                                            float** logits) {
    return guard([&] {
        need(logits, "logits") =
            const_cast<float*>(need(decoder, "decoder").decoder.prefill(need(batch, "batch")));
    });
}

RLHF_API int32_t rlhf_torch_decoder_step(rlhf_torch_decoder* decoder, const int32_t* tokens, int32_t count,
                                         float** logits) {
    return guard([&] {
        if (count > 0) need(tokens, "tokens");
        need(logits, "logits") = const_cast<float*>(need(decoder, "decoder").decoder.step(tokens, count));
    });
}

RLHF_API int32_t rlhf_torch_decoder_keep(rlhf_torch_decoder* decoder, const int32_t* indices, int32_t count) {
    return guard([&] {
        if (count > 0) need(indices, "indices");
        need(decoder, "decoder").decoder.keep(indices, count);
    });
}
