// The statistics of LinearPpo, from the log-probs (and entropies) that all its chunks have left: the same sums in the same order
// whatever the chunks were. [N] → [9]. 12 … 21 bytes a token. Called by LinearPpoCuda, last.
#include "common/rlhf.cuh"
#include "policy/ppo_step.cuh"

struct LinearPpoStatsParams {
  Matrix<const float> logprobs;
  Matrix<const float> entropy;
  Matrix<const float> old_logprobs;
  Matrix<const float> advantages;
  Matrix<const float> weights;
  Matrix<const unsigned char> mask;
  Matrix<float> stats;
  GridPartials grid;
  int rows;
  float clip_low;
  float clip_high;
  float dual_clip;
  float log_ratio_limit;
  float entropy_coef;
  float normalizer;
};

constexpr int kTokens = 4;

RLHF_DEVICE void linear_ppo_stats(const LinearPpoStatsParams& params) {
  const PpoClip clip = {params.clip_low, params.clip_high, params.dual_clip, params.log_ratio_limit};
  PpoSums sums = no_ppo_sums();
  float loss = 0;
#pragma unroll 1
  for (int i = 0; i < kTokens; i++) {
    const long long row = (static_cast<long long>(blockIdx.x) * kTokens + i) * kElementThreads + threadIdx.x;
    if (row >= params.rows || (given(params.mask) && load(row_of(params.mask, row)) == 0)) {
      continue;
    }
    const float logprob = load(row_of(params.logprobs, row));
    const float old_logprob = given(params.old_logprobs) ? load(row_of(params.old_logprobs, row)) : logprob;
    const float weight = (given(params.weights) ? load(row_of(params.weights, row)) : 1.0f) / params.normalizer;
    const float entropy = given(params.entropy) ? load(row_of(params.entropy, row)) : 0.0f;
    sums.loss = 0;
    ppo_step(clip, logprob, old_logprob, load(row_of(params.advantages, row)), sums);
    sums.entropy += entropy;
    loss = fmaf(weight, sums.loss - params.entropy_coef * entropy, loss);
  }
  sums.loss = loss;
  finish_ppo_stats(sums, 1.0f, params.grid, params.stats);
}

RLHF_ENTRY(rlhf_linear_ppo_stats_f32, LinearPpoStatsParams, kElementThreads, 4) {
  linear_ppo_stats(params);
}
