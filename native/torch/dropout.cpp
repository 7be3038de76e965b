#include "torch/dropout.h"

#include <algorithm>
#include <cmath>

#include "torch/simd.h"

namespace rlhf::networks {
namespace {

constexpr int kBlocks = 16;  // of four numbers; generated together, so that the loop has vectors to fill

RLHF_CLONES void philox_blocks(uint64_t key, uint32_t first, const uint32_t* counter,
                               uint32_t (*out)[kBlocks]) {
    uint32_t c0[kBlocks], c1[kBlocks], c2[kBlocks], c3[kBlocks];
    for (int i = 0; i < kBlocks; i++) {
        c0[i] = first + static_cast<uint32_t>(i);
        c1[i] = counter[0], c2[i] = counter[1], c3[i] = counter[2];
    }
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < kBlocks; i++) {
            const uint64_t p0 = uint64_t{0xD2511F53u} * c0[i], p1 = uint64_t{0xCD9E8D57u} * c2[i];
            const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
            const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
            c1[i] = static_cast<uint32_t>(p1), c3[i] = static_cast<uint32_t>(p0);
            c0[i] = n0, c2[i] = n2;
        }
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < kBlocks; i++)
        out[0][i] = c0[i], out[1][i] = c1[i], out[2][i] = c2[i], out[3][i] = c3[i];
}

}  // namespace

void dropout_row(const DropoutStream& stream, int64_t row, float probability, int64_t count, float* mask) {
    const double scaled = std::floor(static_cast<double>(probability) * 4294967296.0);
    const uint32_t threshold = static_cast<uint32_t>(scaled);
    const float kept = 1.0f / (1.0f - probability);
    const uint32_t counter[3] = {static_cast<uint32_t>(row), stream.layer, stream.forward};
    uint32_t random[4][kBlocks];
    for (int64_t at = 0; at < count; at += 4 * kBlocks) {
        philox_blocks(stream.seed, static_cast<uint32_t>(at / 4), counter, random);
        const uint32_t* flat = &random[0][0];
        const int64_t n = std::min<int64_t>(count - at, 4 * kBlocks);
        for (int64_t i = 0; i < n; i++) mask[at + i] = flat[i] < threshold ? 0.0f : kept;
    }
}

uint64_t member_seed(uint64_t seed, int64_t member) {
    // splitmix64's finaliser, so that neighbouring seeds do not share members.
    if (member == 0) return seed;
    uint64_t z = seed + static_cast<uint64_t>(member) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

}  // namespace rlhf::networks
