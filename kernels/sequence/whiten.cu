// Masked whitening: (x - mean) / sqrt(variance + 1e-8), plus the mean again where it is kept; 0 where the mask is 0.
// Shapes: [B, T], statistics [3]: count, mean, variance. The result may lie over the values: each thread reads before it writes.
// Given statistics (elsewhere measured, or masked_mean.cu's of a launch before): 5 bytes read and 4 written a token. The small
// form measures and applies in one launch of one block. Launched by WhitenCuda.
#include "common/rlhf.cuh"
#include "sequence/moments.cuh"

struct WhitenParams {
  Matrix<const float> values;
  Matrix<const unsigned char> mask;
  Matrix<const float> given_stats;
  Matrix<float> whitened;
  ElementGrid elements;
  int unbiased;
  int shift_mean;
};

struct WhitenVisit {
  const WhitenParams& params;
  float mean, scale, keep;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const unsigned flags = load_flags<N>(params.mask, row, col);
    Pack<float, N> x = load_lanes<N>(params.values, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      x.lane[i] = flag_at(flags, i) ? fmaf(x.lane[i] - mean, scale, keep) : 0.0f;
    }
    store_lanes<N>(params.whitened, row, col, x);
  }
};

// Fewer than two counted positions have no scale.
RLHF_DEVICE void whiten(const WhitenParams& params, float count, float mean, float variance) {
  const float scale = count < 2 ? 1.0f : 1.0f / sqrtf(variance + 1e-8f);
  WhitenVisit visit{params, mean, scale, params.shift_mean != 0 ? 0.0f : mean};
  for_each_element(params.elements, visit);
}

RLHF_ENTRY(rlhf_whiten_f32, WhitenParams, kElementThreads, 4) {
  const float count = load(row_of(params.given_stats, 0));
  const float mean = load(row_of(params.given_stats, 1));
  const float variance = load(row_of(params.given_stats, 2));
  whiten(params, count, mean, variance);
}

// One block.
RLHF_ENTRY(rlhf_whiten_small_f32, WhitenParams, kWhitenSmallThreads, 1) {
  const Moments moments =
      moments_of_one(block_moments(MomentsSource{params.values, params.mask}, params.elements), params.unbiased);
  whiten(params, static_cast<float>(moments.count), static_cast<float>(moments.mean), static_cast<float>(moments.variance));
}
