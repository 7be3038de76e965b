#include "torch/model.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "abi/abi.h"
#include "torch/attention.h"
#include "torch/rows.h"

namespace rlhf::torch_models {

float* Buffer::ensure(int64_t count) {
    if (size_ >= count) return data_.get();
    data_.reset();
    size_ = 0;
    const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + 63) / 64 * 64;
    float* const memory = static_cast<float*>(std::aligned_alloc(64, bytes));
    if (memory == nullptr) throw std::bad_alloc();
    data_ = std::shared_ptr<float[]>(memory, std::free);
    size_ = count;
    return memory;
}

Model::Model(const rlhf_torch_spec& spec) : layout_(spec) {
    std::memset(values_.ensure(layout_.elements), 0, layout_.elements * sizeof(float));
}

float* Model::gradients() {
    if (gradients_.data() == nullptr)
        std::memset(gradients_.ensure(layout_.elements), 0, layout_.elements * sizeof(float));
    return gradients_.data();
}

void Model::embed(const int32_t* ids, const int32_t* positions, int64_t begin, int64_t end,
                  float* out) const {
    const int64_t hidden = layout_.spec.hidden_size;
    const Weights weights = view();
    for (int64_t row = begin; row < end; row++) {
        std::copy_n(weights.at(layout_.tokens) + ids[row] * hidden, hidden, out + row * hidden);
        if (layout_.positions >= 0)
            add_to(weights.at(layout_.positions) + positions[row] * hidden, hidden, out + row * hidden);
    }
}

void Model::finish(const float* from, int64_t n, float* out, float* stats) const {
    const Weights weights = view();
    norm_rows(layout_.spec.norm == RLHF_NORM_RMS, from, n, layout_.spec.hidden_size,
              weights.at(layout_.final_norm.weight), weights.at(layout_.final_norm.bias),
              layout_.spec.norm_epsilon, out, stats);
}

LayerState Model::state(int layer, int64_t rows, bool keep) {
    const rlhf_torch_spec& spec = layout_.spec;
    const int64_t hidden = spec.hidden_size, query = layout_.query_width();
    const int64_t sizes[] = {hidden,
                             2,
                             layout_.qkv_width(),
                             query,
                             spec.heads,
                             hidden,
                             hidden,
                             2,
                             layout_.up_width(),
                             spec.intermediate_size,
                             hidden};
    int64_t width = 0;
    for (const int64_t size : sizes) width += size;
    // The first layer's input; without a tape, where all layers share memory, also every odd layer's output.
    const bool first = layer == 0 || !keep;
    float* at = tape_[keep ? layer : 0].ensure((width + (first ? hidden : 0)) * rows);
    float* const embedded = at;
    if (first) at += hidden * rows;
    float* pieces[11];
    for (int i = 0; i < 11; i++) pieces[i] = at, at += sizes[i] * rows;
    LayerState s{};
    s.normed1 = pieces[0], s.stats1 = pieces[1], s.qkv = pieces[2], s.attention = pieces[3],
    s.lse = pieces[4];
    s.middle = pieces[5], s.normed2 = pieces[6], s.stats2 = pieces[7], s.up = pieces[8], s.active = pieces[9];
    s.output = pieces[10];
    s.input = layer == 0 ? embedded : states_[layer - 1].output;
    if (!keep && layer % 2 == 1) s.output = embedded;
    return s;
}

const float* Model::forward(const rlhf_torch_batch& batch, const int32_t* rows, int64_t count, bool keep) {
    kept_ = false;
    packed_ = pack(layout_, batch);
    const int64_t n = packed_.rows();
    if (n > 0)
        rotary_.cover(layout_.spec,
                      1 + *std::max_element(packed_.positions.begin(), packed_.positions.end()));
    tape_.resize(std::max<size_t>(tape_.size(), keep ? layout_.layers.size() : 1));
    states_.clear();
    for (int i = 0; i < layout_.spec.layers; i++) states_.push_back(state(i, n, keep));
    scratch_.resize(std::max<size_t>(scratch_.size(), packed_.workers()));
    select(rows, count);

    const Weights weights = view();
    run_workers(packed_.workers(), [&](int worker) {
        const Range mine = packed_.rows_of(worker);
        embed(packed_.ids.data(), packed_.positions.data(), mine.begin, mine.end, states_[0].input);
        for (int i = 0; i < layout_.spec.layers; i++) {
            const LayerState& s = states_[i];
            block_before_attention(weights, layout_.layers[i], s, rotary_, packed_.positions.data(),
                                   mine.begin, mine.end);
            for (int64_t b = packed_.shares[worker].begin; b < packed_.shares[worker].end; b++) {
                const int64_t first = packed_.start[b];
                attend(layout_, s.qkv + first * layout_.qkv_width(), packed_.start[b + 1] - first,
                       s.attention + first * layout_.query_width(), s.lse + first * layout_.spec.heads,
                       scratch_[worker]);
            }
            block_after_attention(weights, layout_.layers[i], s, mine.begin, mine.end);
        }
    });
    const int64_t hidden = layout_.spec.hidden_size, outputs = static_cast<int64_t>(selection_.rows.size());
    const float* const last = states_.back().output;
    run_workers(packed_.workers(), [&](int worker) {
        const Range mine = share(outputs, worker, packed_.workers());
        for (int64_t i = mine.begin; i < mine.end; i++) {
            const int64_t row = selection_.rows[i];
            float* const to = selection_.gathered + i * hidden;
            if (row >= 0)
                std::copy_n(last + row * hidden, hidden, to);
            else
                std::fill_n(to, hidden, 0.0f);
        }
        finish(selection_.gathered + mine.begin * hidden, mine.size(),
               selection_.hidden + mine.begin * hidden, selection_.stats + 2 * mine.begin);
        for (int64_t i = mine.begin; i < mine.end; i++)
            if (selection_.rows[i] < 0) std::fill_n(selection_.hidden + i * hidden, hidden, 0.0f);
    });
    kept_ = keep;
    return selection_.hidden;
}

void Model::select(const int32_t* rows, int64_t count) {
    const int64_t total = static_cast<int64_t>(packed_.row_of.size());
    if (rows == nullptr) {
        selection_.rows = packed_.row_of;
    } else {
        selection_.rows.clear();
        for (int64_t i = 0; i < count; i++) {
            if (rows[i] < 0 || rows[i] >= total)
                throw abi::InvalidArgument("row " + std::to_string(rows[i]) + " is outside the batch of " +
                                           std::to_string(total) + " positions");
            selection_.rows.push_back(packed_.row_of[rows[i]]);
        }
    }
    const int64_t n = static_cast<int64_t>(selection_.rows.size()), hidden = layout_.spec.hidden_size;
    selection_.hidden = hidden_.ensure(std::max<int64_t>(1, n * (2 * hidden + 2)));
    selection_.gathered = selection_.hidden + n * hidden;
    selection_.stats = selection_.gathered + n * hidden;
}

void Model::backward(const float* grad_hidden) {
    if (!kept_) throw abi::InvalidArgument("backward needs a forward that was asked to keep its activations");
    kept_ = false;
    const rlhf_torch_spec& spec = layout_.spec;
    const int64_t n = packed_.rows(), hidden = spec.hidden_size;
    gradients();
    float* at =
        backward_.ensure(std::max<int64_t>(1, n * (4 * hidden + layout_.query_width() + layout_.qkv_width() +
                                                   layout_.up_width() + spec.intermediate_size)));
    const auto take = [&](int64_t width) {
        float* const piece = at;
        at += n * width;
        return piece;
    };
    LayerGradients grads{};
    grads.output = take(hidden), grads.middle = take(hidden), grads.input = take(hidden),
    grads.hidden = take(hidden);
    grads.attention = take(layout_.query_width()), grads.qkv = take(layout_.qkv_width());
    grads.up = take(layout_.up_width()), grads.inner = take(spec.intermediate_size);
    norm_sums_.ensure(packed_.workers() * 4 * hidden);
    backward_final(grad_hidden, grads.output);
    for (int i = spec.layers - 1; i >= 0; i--) {
        backward_layer(i, grads);
        std::swap(grads.output, grads.input);
    }
    add_embedding_gradients(grads.output);
}

void Model::backward_final(const float* grad_hidden, float* grad_output) {
    const int64_t hidden = layout_.spec.hidden_size, n = packed_.rows();
    const Weights weights = view();
    FlushDenormals flush;
    std::fill_n(grad_output, n * hidden, 0.0f);
    float* const sums = norm_sums_.data();
    std::fill_n(sums, 4 * hidden, 0.0f);
    for (size_t i = 0; i < selection_.rows.size(); i++) {
        if (selection_.rows[i] < 0) continue;
        norm_rows_backward(layout_.spec.norm == RLHF_NORM_RMS, grad_hidden + i * hidden,
                           selection_.gathered + i * hidden, selection_.stats + 2 * i, 1, hidden,
                           weights.at(layout_.final_norm.weight), grad_output + selection_.rows[i] * hidden,
                           sums, layout_.final_norm.bias < 0 ? nullptr : sums + hidden);
    }
    add_norm_sums(layout_.final_norm, sums);
}

void Model::backward_layer(int index, const LayerGradients& grads) {
    const Layer& layer = layout_.layers[index];
    const LayerState& s = states_[index];
    const Weights weights = view();
    const int64_t hidden = layout_.spec.hidden_size;
    const int workers = packed_.workers();
    run_workers(workers, [&](int worker) {
        const Range mine = packed_.rows_of(worker);
        float* const sums = norm_sums_.data() + worker * 4 * hidden;
        std::fill_n(sums, 4 * hidden, 0.0f);
        block_backward_after(weights, layer, s, grads, sums, mine.begin, mine.end);
        for (int64_t b = packed_.shares[worker].begin; b < packed_.shares[worker].end; b++) {
            const int64_t first = packed_.start[b];
            attend_backward(layout_, s.qkv + first * layout_.qkv_width(), packed_.start[b + 1] - first,
                            s.attention + first * layout_.query_width(), s.lse + first * layout_.spec.heads,
                            grads.attention + first * layout_.query_width(),
                            grads.qkv + first * layout_.qkv_width(), scratch_[worker]);
        }
        block_backward_before(weights, layer, s, grads, rotary_, packed_.positions.data(), sums, mine.begin,
                              mine.end);
    });
    run_workers(workers, [&](int worker) {
        block_backward_weights(weights, layer, s, grads, gradients_.data(), packed_.rows(), worker, workers);
    });
    for (int worker = 0; worker < workers; worker++) {
        add_norm_sums(layer.norm1, norm_sums_.data() + worker * 4 * hidden);
        add_norm_sums(layer.norm2, norm_sums_.data() + (worker * 4 + 2) * hidden);
    }
}

void Model::add_norm_sums(const Norm& norm, const float* sums) {
    const int64_t hidden = layout_.spec.hidden_size;
    add_to(sums, hidden, gradients_.data() + layout_.parameters[norm.weight].offset);
    if (norm.bias >= 0)
        add_to(sums + hidden, hidden, gradients_.data() + layout_.parameters[norm.bias].offset);
}

void Model::add_embedding_gradients(const float* grad) {
    const int64_t hidden = layout_.spec.hidden_size, n = packed_.rows();
    float* const tokens = gradients_.data() + layout_.parameters[layout_.tokens].offset;
    float* const positions =
        layout_.positions < 0 ? nullptr : gradients_.data() + layout_.parameters[layout_.positions].offset;
    // By columns: a token that stands in two workers' sequences is then added by one thread, in row order.
    run_workers(packed_.workers(), [&](int worker) {
        const Range mine = share(hidden, worker, packed_.workers(), 16);
        for (int64_t row = 0; row < n; row++) {
            const float* const from = grad + row * hidden + mine.begin;
            add_to(from, mine.size(), tokens + packed_.ids[row] * hidden + mine.begin);
            if (positions != nullptr)
                add_to(from, mine.size(), positions + packed_.positions[row] * hidden + mine.begin);
        }
    });
}

void Model::trim() {
    kept_ = false;
    states_.clear();
    tape_.clear();
    scratch_.clear();
    hidden_ = Buffer();
    backward_ = Buffer();
    norm_sums_ = Buffer();
}

}  // namespace rlhf::torch_models
