// Dropout masks by Philox4x32-10 (Salmon et al. 2011): a member's mask is a function of its seed and of what
// it covers, so that it does not depend on how members and rows are batched. libtorch's generator is a
// sequence.
#pragma once

#include <cstdint>

namespace rlhf::networks {

struct DropoutStream {
    uint64_t seed;
    uint32_t forward;  // count of training forwards since the seed was set
    uint32_t layer;
};

// One row's mask: 0 with the probability given, else 1 / (1 − probability).
void dropout_row(const DropoutStream& stream, int64_t row, float probability, int64_t count, float* mask);

// The seed of a member's own stream; that of member 0 is the seed itself.
uint64_t member_seed(uint64_t seed, int64_t member);

}  // namespace rlhf::networks
