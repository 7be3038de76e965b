// Bradley-Terry loss over pairs, forward and backward, d = chosen - rejected - margin:
// loss = (sum -label log p(d) - (1 - label) log(1 - p(d)) + centering (chosen + rejected)^2) / normalizer.
// Shapes: [N], statistics [8]. One pass: 8 to 16 bytes read and 8 written a pair. Launched by PairwiseLossCuda.
#include "common/rlhf.cuh"
#include "preference/preference_step.cuh"

struct PairwiseLossParams {
  Matrix<const float> chosen;
  Matrix<const float> rejected;
  Matrix<const float> margins;
  Matrix<const float> labels;
  Matrix<float> grad_chosen;
  Matrix<float> grad_rejected;
  Matrix<float> stats;
  GridPartials partials;
  double loss_factor;  // 1 / normalizer
  ElementGrid elements;
  float noise;
  float centering;
  float weight;  // 1 / normalizer
};

struct PairwiseVisit {
  const PairwiseLossParams& params;
  PreferenceSums sums;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    Pack<float, N> chosen = load_lanes<N>(params.chosen, row, col);
    Pack<float, N> rejected = load_lanes<N>(params.rejected, row, col);
    const Pack<float, N> margins = load_lanes_or<N>(params.margins, row, col, 0.0f);
    const Pack<float, N> labels = load_lanes_or<N>(params.labels, row, col, 1.0f);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float first = chosen.lane[i];
      const float second = rejected.lane[i];
      const Comparison step = preference_step(params.noise, first - second - margins.lane[i], labels.lane[i]);
      const float sum = first + second;
      const float pull = params.centering * sum;
      sums.add_pair(fmaf(pull, sum, step.loss), first, second, labels.lane[i]);
      sums.add_reward(first);
      sums.add_reward(second);
      chosen.lane[i] = (2 * pull + step.grad) * params.weight;
      rejected.lane[i] = (2 * pull - step.grad) * params.weight;
    }
    store_lanes<N>(params.grad_chosen, row, col, chosen);
    store_lanes<N>(params.grad_rejected, row, col, rejected);
  }
};

RLHF_ENTRY(rlhf_pairwise_loss_f32, PairwiseLossParams, kElementThreads, 3) {
  PairwiseVisit visit{params, PreferenceSums()};
  for_each_element(params.elements, visit);
  reduce_preferences(params.partials, visit.sums, WriteStats{params.stats, params.loss_factor});
}
