// Count, mean and variance over the positions that a mask counts; NaN outside the mask does not leak in.
// Shapes: [B, T], statistics [3]. One launch: 5 bytes read a token from DRAM, read again from the cache by the second sweep.
// Launched by MaskedMeanCuda and, for its statistics, by WhitenCuda.
#include "common/rlhf.cuh"
#include "sequence/moments.cuh"

struct MaskedMeanParams {
  Matrix<const float> values;
  Matrix<const unsigned char> mask;
  Matrix<float> stats;
  GridPartials partials;
  ElementGrid elements;
  int unbiased;
};

RLHF_ENTRY(rlhf_masked_mean_f32, MaskedMeanParams, kElementThreads, 4) {
  const BlockMoments block = block_moments(MomentsSource{params.values, params.mask}, params.elements);
  grid_moments(params.partials, block, params.unbiased, params.stats);
}
