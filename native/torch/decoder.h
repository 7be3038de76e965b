// Generation with a KV cache. A sequence keeps its cache slot for life; leaving the batch only drops its row.
#pragma once

#include <memory>
#include <vector>

#include "torch/attention.h"
#include "torch/model.h"

namespace rlhf::torch_models {

class Decoder {
  public:
    Decoder(std::shared_ptr<Model> model, int32_t sequences, int32_t capacity);

    const float* prefill(const rlhf_torch_batch& batch);
    const float* step(const int32_t* tokens, int64_t count);
    void keep(const int32_t* indices, int64_t count);

  private:
    struct Sequence {
        int32_t slot, length, position;  // tokens in the cache; position of the next token
    };
    CacheSlot cache(int64_t layer, int64_t slot) const;
    LayerState carve(int64_t rows);
    void head(int64_t begin, int64_t end, const float* hidden);

    std::shared_ptr<Model> model_;
    int32_t sequences_, capacity_;
    std::vector<Sequence> running_;
    Buffer cache_, work_, logits_;
    std::vector<std::vector<float>> scratch_;
};

}  // namespace rlhf::torch_models
