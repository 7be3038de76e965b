// The clipped policy loss of a chunk of the fused head: log-prob and entropy of each row, and over its logits the gradient
//   d loss / d z = slope · w · d logprob / d z − entropy_coef · w · d entropy / d z,  slope of ppo_step.cuh, w = weight /
//   normalizer.
// logits [rows, V] f32 (workspace) → [rows], and grads [rows, V] in the head's storage type over the same memory. Masked rows
// give zeros, a bad target NaN. 10·V … 12·V bytes a row, 4·V of them from L2 where it holds. Statistics come from
// linear_ppo_stats.cu. Called by LinearPpoCuda for each chunk.
#include "common/rlhf.cuh"
#include "policy/ppo_step.cuh"
#include "sequence/linear_rows.cuh"

template <class T>
struct LinearPpoRowsParams {
  Matrix<float> logits;
  Matrix<T> grads;
  Matrix<const float> bias;
  Matrix<const int> targets;
  Matrix<const unsigned char> mask;
  Matrix<const float> old_logprobs;
  Matrix<const float> advantages;
  Matrix<const float> weights;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  unsigned long long* error;
  long long first_row;  // of the call, for the error word
  int rows;
  int vocab;
  float clip_low;
  float clip_high;
  float dual_clip;
  float log_ratio_limit;
  float entropy_coef;
  float normalizer;
  float grad_scale;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

template <class T>
struct PpoUpstream {
  const LinearPpoRowsParams<T>& params;
  long long row;

  RLHF_DEVICE RowUpstream operator()(const RowStats& stats) const {
    const PpoClip clip = {params.clip_low, params.clip_high, params.dual_clip, params.log_ratio_limit};
    const float old_logprob = given(params.old_logprobs) ? load(row_of(params.old_logprobs, row)) : stats.logprob;
    const float weight = (given(params.weights) ? load(row_of(params.weights, row)) : 1.0f) / params.normalizer;
    PpoSums sums = no_ppo_sums();
    const float slope = ppo_step(clip, stats.logprob, old_logprob, load(row_of(params.advantages, row)), sums);
    return RowUpstream{slope * weight, -params.entropy_coef * weight};
  }
};

template <class T>
RLHF_DEVICE void linear_ppo_rows(const LinearPpoRowsParams<T>& params) {
  RLHF_SHARED(float, scratch, kWarp);
  const long long row = blockIdx.x;
  if (row >= params.rows) {
    return;
  }
  const BlockTeam team{scratch};
  const LinearRow<T> place{row_of(params.logits, row), given(params.grads) ? row_of(params.grads, row) : nullptr, params.vocab,
                           params.first_row + row};
  const bool counted = !given(params.mask) || load(row_of(params.mask, row)) != 0;
  const int target = counted ? load(row_of(params.targets, row)) : 0;
  const bool bad = target < 0 || target >= params.vocab;
  const RowStats stats = !counted || bad ? linear_row_left_out(place, bad, params.error, team)
                                         : linear_row(place, params.bias, target, given(params.entropy), params.grad_scale,
                                                      scale_of(params), team, PpoUpstream<T>{params, row});
  if (team.thread() == 0) {
    store(row_of(params.logprobs, row), stats.logprob);
    if (given(params.entropy)) {
      store(row_of(params.entropy, row), stats.entropy);
    }
  }
}

RLHF_ENTRY(rlhf_linear_ppo_rows_f32, LinearPpoRowsParams<float>, kRowThreads, 1) {
  linear_ppo_rows(params);
}
RLHF_ENTRY(rlhf_linear_ppo_rows_bf16, LinearPpoRowsParams<bf16>, kRowThreads, 1) {
  linear_ppo_rows(params);
}
RLHF_ENTRY(rlhf_linear_ppo_rows_f16, LinearPpoRowsParams<f16>, kRowThreads, 1) {
  linear_ppo_rows(params);
}
