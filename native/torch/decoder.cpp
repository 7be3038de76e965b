#include "torch/decoder.h"

#include <algorithm>

#include "abi/abi.h"
#include "torch/rows.h"

namespace rlhf::torch_models {

Decoder::Decoder(std::shared_ptr<Model> model, int32_t sequences, int32_t capacity)
    : model_(std::move(model)), sequences_(sequences), capacity_(capacity) {
    if (sequences <= 0 || capacity <= 0)
        throw abi::InvalidArgument("a decoder needs at least one sequence and one token of capacity");
    const Layout& layout = model_->layout();
    if (layout.head < 0 || layout.spec.head == RLHF_HEAD_SCALAR)
        throw abi::InvalidArgument("generation needs a model with a language head");
    const int64_t padded = cache_capacity(capacity);
    cache_.ensure(layout.spec.layers * int64_t{sequences} *
                  (cache_keys_size(layout, padded) + cache_values_size(layout, padded)));
}

CacheSlot Decoder::cache(int64_t layer, int64_t slot) const {
    const int64_t padded = cache_capacity(capacity_);
    const int64_t keys = cache_keys_size(model_->layout(), padded),
                  values = cache_values_size(model_->layout(), padded);
    float* const at = cache_.data() + (layer * sequences_ + slot) * (keys + values);
    return {at, at + keys, padded};
}

// One layer's state for all rows; the input is overwritten by the output from layer to layer.
LayerState Decoder::carve(int64_t rows) {
    const Layout& layout = model_->layout();
    const int64_t hidden = layout.spec.hidden_size;
    float* at = work_.ensure(rows * (5 * hidden + 4 + layout.qkv_width() + layout.query_width() +
                                     layout.up_width() + layout.spec.intermediate_size));
    const auto take = [&](int64_t width) {
        float* const piece = at;
        at += rows * width;
        return piece;
    };
    LayerState s{};
    s.input = take(hidden), s.output = take(hidden), s.normed1 = take(hidden), s.middle = take(hidden);
    s.normed2 = take(hidden), s.stats1 = take(2), s.stats2 = take(2), s.qkv = take(layout.qkv_width());
    s.attention = take(layout.query_width()), s.up = take(layout.up_width());
    s.active = take(layout.spec.intermediate_size);
    return s;
}

// Logits of rows [begin, end) from their last hidden states (before the final norm).
void Decoder::head(int64_t begin, int64_t end, const float* hidden) {
    const Layout& layout = model_->layout();
    const int64_t h = layout.spec.hidden_size, vocab = layout.spec.vocab_size, n = end - begin;
    if (n <= 0) return;
    std::vector<float> normed(n * h), stats(2 * n);
    model_->finish(hidden, n, normed.data(), stats.data());
    float* const out = logits_.data() + begin * vocab;
    multiply_transposed(normed.data(), n, h, model_->view().at(layout.head), vocab, out);
    if (layout.head_bias >= 0)
        for (int64_t row = 0; row < n; row++)
            add_to(model_->view().at(layout.head_bias), vocab, out + row * vocab);
}

const float* Decoder::prefill(const rlhf_torch_batch& batch) {
    running_.clear();
    const Layout& layout = model_->layout();
    if (batch.batch > sequences_ || batch.length > capacity_)
        throw abi::InvalidArgument("prompts [" + std::to_string(batch.batch) + ", " +
                                   std::to_string(batch.length) + "] do not fit a decoder of [" +
                                   std::to_string(sequences_) + ", " + std::to_string(capacity_) + "]");
    const Packed packed = pack(layout, batch);
    for (int64_t b = 0; b < packed.sequences(); b++)
        if (packed.start[b] == packed.start[b + 1])
            throw abi::InvalidArgument("prompt " + std::to_string(b) + " has no token");
    model_->rotary().cover(
        layout.spec, capacity_ + *std::max_element(packed.positions.begin(), packed.positions.end()) + 1);
    LayerState s = carve(packed.rows());
    std::vector<float> lse(packed.rows() * layout.spec.heads);
    s.lse = lse.data();
    logits_.ensure(packed.sequences() * layout.spec.vocab_size);
    scratch_.resize(std::max<size_t>(scratch_.size(), packed.workers()));
    const int64_t hidden = layout.spec.hidden_size;
    run_workers(packed.workers(), [&](int worker) {
        const Range rows = packed.rows_of(worker), mine = packed.shares[worker];
        LayerState mine_state = s;
        model_->embed(packed.ids.data(), packed.positions.data(), rows.begin, rows.end, s.input);
        for (int i = 0; i < layout.spec.layers; i++) {
            block_before_attention(model_->view(), layout.layers[i], mine_state, model_->rotary(),
                                   packed.positions.data(), rows.begin, rows.end);
            for (int64_t b = mine.begin; b < mine.end; b++) {
                const int64_t first = packed.start[b], count = packed.start[b + 1] - first;
                const float* const qkv = s.qkv + first * layout.qkv_width();
                attend(layout, qkv, count, s.attention + first * layout.query_width(),
                       s.lse + first * layout.spec.heads, scratch_[worker]);
                for (int64_t t = 0; t < count; t++)
                    store_keys_values(layout, qkv + t * layout.qkv_width(), t, cache(i, b));
            }
            block_after_attention(model_->view(), layout.layers[i], mine_state, rows.begin, rows.end);
            std::swap(mine_state.input, mine_state.output);
        }
        std::vector<float> last(mine.size() * hidden);
        for (int64_t b = mine.begin; b < mine.end; b++)
            std::copy_n(mine_state.input + (packed.start[b + 1] - 1) * hidden, hidden,
                        last.data() + (b - mine.begin) * hidden);
        head(mine.begin, mine.end, last.data());
    });
    for (int64_t b = 0; b < packed.sequences(); b++)
        running_.push_back({static_cast<int32_t>(b),
                            static_cast<int32_t>(packed.start[b + 1] - packed.start[b]),
                            packed.positions[packed.start[b + 1] - 1] + 1});
    return logits_.data();
}

const float* Decoder::step(const int32_t* tokens, int64_t count) {
    const Layout& layout = model_->layout();
    if (count != static_cast<int64_t>(running_.size()))
        throw abi::InvalidArgument(std::to_string(count) + " tokens for " + std::to_string(running_.size()) +
                                   " running sequences");
    if (count == 0) return logits_.data();
    std::vector<int32_t> positions;
    for (int64_t i = 0; i < count; i++) {
        check_token(layout, tokens[i], running_[i].position, "running sequence " + std::to_string(i));
        if (running_[i].length >= capacity_)
            throw abi::InvalidArgument("running sequence " + std::to_string(i) + " has filled the cache of " +
                                       std::to_string(capacity_) + " tokens");
        positions.push_back(running_[i].position);
    }
    model_->rotary().cover(layout.spec, 1 + *std::max_element(positions.begin(), positions.end()));
    const LayerState s = carve(count);
    logits_.ensure(count * layout.spec.vocab_size);
    const int workers = static_cast<int>(std::min<int64_t>(at::get_num_threads(), count));
    scratch_.resize(std::max<size_t>(scratch_.size(), workers));
    run_workers(workers, [&](int worker) {
        const Range mine = share(count, worker, workers);
        LayerState mine_state = s;
        model_->embed(tokens, positions.data(), mine.begin, mine.end, s.input);
        for (int i = 0; i < layout.spec.layers; i++) {
            block_before_attention(model_->view(), layout.layers[i], mine_state, model_->rotary(),
                                   positions.data(), mine.begin, mine.end);
            for (int64_t row = mine.begin; row < mine.end; row++) {
                const CacheSlot slot = cache(i, running_[row].slot);
                const float* const qkv = s.qkv + row * layout.qkv_width();
                store_keys_values(layout, qkv, running_[row].length, slot);
                attend_cached(layout, qkv, running_[row].length + 1, slot,
                              s.attention + row * layout.query_width(), scratch_[worker]);
            }
            block_after_attention(model_->view(), layout.layers[i], mine_state, mine.begin, mine.end);
            std::swap(mine_state.input, mine_state.output);
        }
        head(mine.begin, mine.end, mine_state.input + mine.begin * layout.spec.hidden_size);
    });
    for (Sequence& sequence : running_) sequence.length++, sequence.position++;
    return logits_.data();
}

void Decoder::keep(const int32_t* indices, int64_t count) {
    std::vector<Sequence> kept;
    std::vector<bool> taken(running_.size(), false);
    for (int64_t i = 0; i < count; i++) {
        const int64_t index = indices[i];
        if (index < 0 || index >= static_cast<int64_t>(running_.size()) || taken[index])
            throw abi::InvalidArgument("cannot keep sequence " + std::to_string(index) + " of " +
                                       std::to_string(running_.size()) + " running ones (each at most once)");
        taken[index] = true;
        kept.push_back(running_[index]);
    }
    running_ = std::move(kept);
}

}  // namespace rlhf::torch_models
