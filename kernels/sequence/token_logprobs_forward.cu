// Log-prob of one selected token a row, and the row's entropy:
//   logprob[n] = z[t] − m − log Σ e^(z−m),  entropy[n] = log Σ e^(z−m) − Σ (z−m) e^(z−m) / Σ e^(z−m),  z = softCap(x · scale) /
//   T.
// logits [N, V] of any pitch → [N]. One read of the logits: V·b bytes a row and 8 … 17 more. A block a row; a warp for V ≤
// kShortRow. Called by TokenLogprobsForwardCuda, and by the fused head for each chunk of logits.
#include "common/rlhf.cuh"
#include "sequence/softmax_row.cuh"

template <class T>
struct TokenLogprobsForwardParams {
  Matrix<const T> logits;
  Matrix<const int> targets;
  Matrix<const unsigned char> mask;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  Matrix<float> row_max;
  Matrix<float> row_log_sum;
  unsigned long long* error;
  int rows;
  int vocab;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

template <class T>
RLHF_DEVICE void write_row_stats(const TokenLogprobsForwardParams<T>& params, long long row, const RowStats& stats) {
  store(row_of(params.logprobs, row), stats.logprob);
  if (given(params.entropy)) {
    store(row_of(params.entropy, row), stats.entropy);
  }
  if (given(params.row_max)) {
    store(row_of(params.row_max, row), stats.max);
    store(row_of(params.row_log_sum, row), stats.log_sum);
  }
}

template <class T, class Team>
RLHF_DEVICE void token_logprobs_forward(const TokenLogprobsForwardParams<T>& params, long long row, const Team& team) {
  RowStats stats{};
  if (!given(params.mask) || load(row_of(params.mask, row)) != 0) {
    const int target = load(row_of(params.targets, row));
    if (target < 0 || target >= params.vocab) {
      stats.max = stats.log_sum = stats.logprob = stats.entropy = not_a_number();
      if (team.thread() == 0) {
        report_error(params.error, 1ull << 32 | static_cast<unsigned long long>(row));
      }
    } else {
      stats = measure_row<true>(row_of(params.logits, row), params.vocab, target, given(params.entropy), scale_of(params), team,
                                KeepNothing());
    }
  }
  if (team.thread() == 0) {
    write_row_stats(params, row, stats);
  }
}

template <class T>
RLHF_DEVICE void token_logprobs_forward_block(const TokenLogprobsForwardParams<T>& params) {
  RLHF_SHARED(float, scratch, kWarp);
  const long long row = blockIdx.x;
  if (row < params.rows) {
    token_logprobs_forward(params, row, BlockTeam{scratch});
  }
}

template <class T>
RLHF_DEVICE void token_logprobs_forward_warp(const TokenLogprobsForwardParams<T>& params) {
  const long long row = static_cast<long long>(blockIdx.x) * (kShortRowThreads / kWarp) + warp_id();
  if (row < params.rows) {
    token_logprobs_forward(params, row, WarpTeam());
  }
}

RLHF_ENTRY(rlhf_token_logprobs_forward_f32, TokenLogprobsForwardParams<float>, kRowThreads, 1) {
  token_logprobs_forward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_forward_bf16, TokenLogprobsForwardParams<bf16>, kRowThreads, 1) {
  token_logprobs_forward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_forward_f16, TokenLogprobsForwardParams<f16>, kRowThreads, 1) {
  token_logprobs_forward_block(params);
}

RLHF_ENTRY(rlhf_token_logprobs_forward_warp_f32, TokenLogprobsForwardParams<float>, kShortRowThreads, 4) {
  token_logprobs_forward_warp(params);
}

RLHF_ENTRY(rlhf_token_logprobs_forward_warp_bf16, TokenLogprobsForwardParams<bf16>, kShortRowThreads, 4) {
  token_logprobs_forward_warp(params);
}

RLHF_ENTRY(rlhf_token_logprobs_forward_warp_f16, TokenLogprobsForwardParams<f16>, kShortRowThreads, 4) {
  token_logprobs_forward_warp(params);
}
