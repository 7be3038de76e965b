// Padding is dropped before the model runs: rows are real tokens only, sequence after sequence. Attention
// then needs no mask, left and right padding are the same computation, and a padded position costs nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "torch/layout.h"
#include "torch/runtime.h"

namespace rlhf::torch_models {

struct Packed {
    std::vector<int32_t> ids, positions;  // [rows]
    std::vector<int64_t> start;           // [B + 1] first row of each sequence
    std::vector<int32_t> row_of;          // [B·L] row of a flat position, −1 at padding
    std::vector<Range> shares;            // sequences of each worker, balanced by tokens

    int64_t rows() const { return start.back(); }
    int64_t sequences() const { return static_cast<int64_t>(start.size()) - 1; }
    int workers() const { return static_cast<int>(shares.size()); }
    Range rows_of(int worker) const { return {start[shares[worker].begin], start[shares[worker].end]}; }
};

Packed pack(const Layout& layout, const rlhf_torch_batch& batch);

// One token at one position; throws an error that names it.
void check_token(const Layout& layout, int64_t id, int64_t position, const std::string& where);

}  // namespace rlhf::torch_models
