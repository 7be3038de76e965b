#include "torch/packing.h"

#include <algorithm>

#include "abi/abi.h"

namespace rlhf::torch_models {

void check_token(const Layout& layout, int64_t id, int64_t position, const std::string& where) {
    if (id < 0 || id >= layout.spec.vocab_size)
        throw abi::InvalidArgument("token id " + std::to_string(id) + " at " + where +
                                   " is outside the vocabulary of " + std::to_string(layout.spec.vocab_size));
    if (position < 0 || (layout.positions >= 0 && position >= layout.spec.max_positions))
        throw abi::InvalidArgument("position " + std::to_string(position) + " at " + where +
                                   " is outside the model's " + std::to_string(layout.spec.max_positions) +
                                   " positions");
}

Packed pack(const Layout& layout, const rlhf_torch_batch& batch) {
    if (batch.batch <= 0 || batch.length <= 0 || batch.ids == nullptr)
        throw abi::InvalidArgument("a batch needs at least one sequence and one column");
    Packed packed;
    const int64_t total = int64_t{batch.batch} * batch.length;
    packed.row_of.assign(total, -1);
    packed.ids.reserve(total);
    packed.positions.reserve(total);
    packed.start.push_back(0);
    for (int64_t b = 0; b < batch.batch; b++) {
        for (int64_t t = 0; t < batch.length; t++) {
            const int64_t at = b * batch.length + t;
            if (batch.mask != nullptr && batch.mask[at] == 0) continue;
            const int64_t position = batch.positions != nullptr ? batch.positions[at] : t;
            check_token(layout, batch.ids[at], position,
                        "[" + std::to_string(b) + ", " + std::to_string(t) + "]");
            packed.row_of[at] = static_cast<int32_t>(packed.ids.size());
            packed.ids.push_back(batch.ids[at]);
            packed.positions.push_back(static_cast<int32_t>(position));
        }
        packed.start.push_back(static_cast<int64_t>(packed.ids.size()));
    }
    const int workers = static_cast<int>(std::min<int64_t>(at::get_num_threads(), batch.batch));
    int64_t sequence = 0;
    for (int w = 0; w < workers; w++) {
        const int64_t first = sequence, goal = packed.rows() * (w + 1) / workers;
        while (sequence < batch.batch && packed.start[sequence + 1] <= goal) sequence++;
        if (w == workers - 1) sequence = batch.batch;
        packed.shares.push_back({first, sequence});
    }
    return packed;
}

}  // namespace rlhf::torch_models
