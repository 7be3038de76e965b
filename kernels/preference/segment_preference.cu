// Preference loss over pairs of trajectory segments: R = sum_t discount^t r_t, d = clamp(R1 - R2, +-limit), cross-entropy of
// p(d) with the label. Shapes: rewards and gradients [P, L]; labels, probabilities [P]; statistics [8]. A warp per pair, sums in
// f64. 8 bytes read and 8 written a step. Launched by SegmentPreferenceCuda.
#include "common/rlhf.cuh"
#include "preference/preference_step.cuh"

struct SegmentPreferenceParams {
  Matrix<const float> rewards1;
  Matrix<const float> rewards2;
  Matrix<const float> labels;
  Matrix<float> probabilities;
  Matrix<float> grad_rewards1;
  Matrix<float> grad_rewards2;
  Matrix<float> stats;
  GridPartials partials;
  double loss_factor;  // 1 / normalizer
  double normalizer;
  double discount;
  int pairs;
  int length;
  int packed;  // all rows are aligned for 16-byte accesses
  float noise;
  float limit;
};

RLHF_DEVICE double power(double base, int exponent) {
  double result = 1;
  for (int rest = exponent; rest > 0; rest >>= 1) {
    result = (rest & 1) != 0 ? result * base : result;
    base *= base;
  }
  return result;
}

// Adds discount^t r_t over this lane's steps, N neighbours at a time from `begin` on; returns where the last N ended.
template <int N>
RLHF_DEVICE int add_returns(const SegmentPreferenceParams& params, long long pair, int begin, double& sum1, double& sum2) {
  const int packs = (params.length - begin) / N;
  double factor = power(params.discount, begin + N * lane_id());
  const double stride = power(params.discount, N * kWarp);
  for (int p = lane_id(); p < packs; p += kWarp) {
    const Pack<float, N> r1 = load_lanes<N>(params.rewards1, pair, begin + N * p);
    const Pack<float, N> r2 = load_lanes<N>(params.rewards2, pair, begin + N * p);
    double here1 = 0, here2 = 0;
#pragma unroll
    for (int i = N - 1; i >= 0; i--) {
      here1 = r1.lane[i] + params.discount * here1;
      here2 = r2.lane[i] + params.discount * here2;
    }
    sum1 += factor * here1;
    sum2 += factor * here2;
    factor *= stride;
  }
  return begin + N * packs;
}

template <int N>
RLHF_DEVICE int spread_gradient(const SegmentPreferenceParams& params, long long pair, int begin, double grad) {
  const int packs = (params.length - begin) / N;
  double factor = grad * power(params.discount, begin + N * lane_id());
  const double stride = power(params.discount, N * kWarp);
  for (int p = lane_id(); p < packs; p += kWarp) {
    Pack<float, N> up, down;
    double here = factor;
#pragma unroll
    for (int i = 0; i < N; i++) {
      up.lane[i] = static_cast<float>(here);
      down.lane[i] = -up.lane[i];
      here *= params.discount;
    }
    store_lanes<N>(params.grad_rewards1, pair, begin + N * p, up);
    store_lanes<N>(params.grad_rewards2, pair, begin + N * p, down);
    factor *= stride;
  }
  return begin + N * packs;
}

// All lanes take part.
RLHF_DEVICE void compare_segments(const SegmentPreferenceParams& params, long long pair, PreferenceSums& sums) {
  double return1 = 0, return2 = 0;
  const int packed_end = params.packed != 0 ? add_returns<4>(params, pair, 0, return1, return2) : 0;
  add_returns<1>(params, pair, packed_end, return1, return2);
  return1 = warp_sum(return1);
  return2 = warp_sum(return2);

  const float difference = static_cast<float>(return1 - return2);
  const float label = load(row_of(params.labels, pair));
  const Comparison step = preference_step(params.noise, clamp(difference, -params.limit, params.limit), label);
  const double grad = fabsf(difference) > params.limit ? 0.0 : step.grad / params.normalizer;
  if (given(params.grad_rewards1) || given(params.grad_rewards2)) {
    const int spread_end = params.packed != 0 ? spread_gradient<4>(params, pair, 0, grad) : 0;
    spread_gradient<1>(params, pair, spread_end, grad);
  }
  if (lane_id() == 0) {
    const float first = static_cast<float>(return1);
    const float second = static_cast<float>(return2);
    sums.add_pair(step.loss, first, second, label);
    sums.add_reward(first);
    sums.add_reward(second);
    if (given(params.probabilities)) {
      store(row_of(params.probabilities, pair), step.probability);
    }
  }
}

RLHF_ENTRY(rlhf_segment_preference_f32, SegmentPreferenceParams, kElementThreads, 3) {
  PreferenceSums sums;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  const long long pair = static_cast<long long>(blockIdx.x) * warps + warp_id();
  if (pair < params.pairs) {
    compare_segments(params, pair, sums);
  }
  reduce_preferences(params.partials, sums, WriteStats{params.stats, params.loss_factor});
}
