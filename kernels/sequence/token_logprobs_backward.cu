// Gradient of log-prob and entropy to the raw logits, for upstream gradients of any stride:
//   dz[j] = g_logprob (1[j = t] − p[j]) − g_entropy p[j] (log p[j] + entropy).
// logits [N, V] → grad_logits [N, V] of any pitches, in place where the caller passes one memory for both. From the forward
// pass's row statistics: one read and one write, 2·V·b bytes a row. Without them a sweep comes before; the second read is from
// shared memory where the row fits, else from L2. A block a row; a warp for V ≤ kShortRow. Called by TokenLogprobsBackwardCuda
// and the fused head.
#include "common/rlhf.cuh"
#include "sequence/softmax_gradient.cuh"

template <class T>
struct TokenLogprobsBackwardParams {
  Matrix<const T> logits;
  Matrix<const int> targets;
  Matrix<const unsigned char> mask;
  Matrix<const float> grad_logprobs;
  Matrix<const float> grad_entropy;
  Matrix<const float> row_max;
  Matrix<const float> row_log_sum;
  Matrix<const float> entropy;
  Matrix<T> grad_logits;
  unsigned long long* error;
  int rows;
  int vocab;
  int row_in_shared;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

template <class T>
struct UpstreamGradient {
  const TokenLogprobsBackwardParams<T>& params;
  long long row;

  RLHF_DEVICE float of_logprob() const {
    return given(params.grad_logprobs) ? load(row_of(params.grad_logprobs, row)) : 0.0f;
  }
  RLHF_DEVICE float of_entropy() const {
    return given(params.grad_entropy) ? load(row_of(params.grad_entropy, row)) : 0.0f;
  }
  RLHF_DEVICE T* to() const {
    return row_of(params.grad_logits, row);
  }
  RLHF_DEVICE RowGradient operator()(const RowStats& stats) const {
    return row_gradient(stats, scale_of(params), load(row_of(params.targets, row)), of_logprob(), of_entropy());
  }
};

template <class T>
RLHF_DEVICE RowStats saved_stats(const TokenLogprobsBackwardParams<T>& params, long long row, int target, bool entropy) {
  const LogitScale scale = scale_of(params);
  RowStats stats;
  stats.max = load(row_of(params.row_max, row));
  stats.log_sum = load(row_of(params.row_log_sum, row));
  stats.scale = expf(-stats.log_sum);
  stats.selected = transformed(scale, to_f32(load(row_of(params.logits, row) + target)));
  stats.logprob = (stats.selected - stats.max) * scale.slope - stats.log_sum;
  stats.entropy = entropy ? load(row_of(params.entropy, row)) : 0.0f;
  return stats;
}

template <class T, class Team>
RLHF_DEVICE void token_logprobs_backward(const TokenLogprobsBackwardParams<T>& params, long long row, bool in_shared,
                                         const Team& team) {
  const UpstreamGradient<T> upstream{params, row};
  const bool counted = !given(params.mask) || load(row_of(params.mask, row)) != 0;
  const int target = counted ? load(row_of(params.targets, row)) : 0;
  const bool bad = counted && (target < 0 || target >= params.vocab);
  if (bad && team.thread() == 0) {
    report_error(params.error, 1ull << 32 | static_cast<unsigned long long>(row));
  }
  const bool entropy = counted && upstream.of_entropy() != 0.0f;
  if (bad || !counted || (!entropy && upstream.of_logprob() == 0.0f)) {
    fill_row(upstream.to(), params.vocab, bad ? not_a_number() : 0.0f, team.thread(), Team::kThreads);
    return;
  }
  const T* logits = row_of(params.logits, row);
  if (given(params.row_max) && (!entropy || given(params.entropy))) {
    const RowGradient gradient = upstream(saved_stats(params, row, target, entropy));
    // Every thread has read the selected logit before any of them overwrites the row.
    team.barrier();
    transform_row(logits, upstream.to(), split_row(logits, params.vocab), team.thread(), Team::kThreads, gradient);
  } else {
    measure_and_differentiate(logits, params.vocab, target, entropy, in_shared, scale_of(params), team, upstream);
  }
}

template <class T>
RLHF_DEVICE void token_logprobs_backward_block(const TokenLogprobsBackwardParams<T>& params) {
  RLHF_SHARED(float, scratch, kWarp);
  const long long row = blockIdx.x;
  if (row < params.rows) {
    token_logprobs_backward(params, row, params.row_in_shared != 0, BlockTeam{scratch});
  }
}

template <class T>
RLHF_DEVICE void token_logprobs_backward_warp(const TokenLogprobsBackwardParams<T>& params) {
  const long long row = static_cast<long long>(blockIdx.x) * (kShortRowThreads / kWarp) + warp_id();
  if (row < params.rows) {
    token_logprobs_backward(params, row, false, WarpTeam());
  }
}

RLHF_ENTRY(rlhf_token_logprobs_backward_f32, TokenLogprobsBackwardParams<float>, kRowThreads, 1) {
  token_logprobs_backward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_backward_bf16, TokenLogprobsBackwardParams<bf16>, kRowThreads, 1) {
  token_logprobs_backward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_backward_f16, TokenLogprobsBackwardParams<f16>, kRowThreads, 1) {
  token_logprobs_backward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_backward_warp_f32, TokenLogprobsBackwardParams<float>, kShortRowThreads, 4) {
  token_logprobs_backward_warp(params);
}

RLHF_ENTRY(rlhf_token_logprobs_backward_warp_bf16, TokenLogprobsBackwardParams<bf16>, kShortRowThreads, 4) {
  token_logprobs_backward_warp(params);
}

RLHF_ENTRY(rlhf_token_logprobs_backward_warp_f16, TokenLogprobsBackwardParams<f16>, kShortRowThreads, 4) {
  token_logprobs_backward_warp(params);
}
