// Draws one token a row and takes its log-prob and the row's entropy: the draw inverts the cumulative distribution in vocabulary
// order at the Philox number of (seed; sequence, position), after top-k and top-p; or the most likely token (greedy).
// logits [N, V] → tokens, log-probs, entropies [N]. The log-prob has the bits of token_logprobs_forward for the token drawn.
// A block a row; a warp for V ≤ kShortRow. The row is swept for its maximum, its mass, the draw and the log-prob, and up to 32
// times for each truncation: from DRAM once, V·b bytes, while the rows in flight fit L2. Called by CategoricalCuda.
#include "common/rlhf.cuh"
#include "sampling/token_choice.cuh"

template <class T>
struct CategoricalParams {
  Matrix<const T> logits;
  Matrix<const long long> sequences;
  Matrix<const int> positions;
  Matrix<int> tokens;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  unsigned long long seed;
  int rows;
  int vocab;
  int greedy;
  int top_k;
  int truncated_logprobs;
  float top_p;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

template <class T>
RLHF_DEVICE void write_draw(const CategoricalParams<T>& params, long long row, int token, float logprob, float entropy) {
  store(row_of(params.tokens, row), token);
  store(row_of(params.logprobs, row), logprob);
  if (given(params.entropy)) {
    store(row_of(params.entropy, row), entropy);
  }
}

template <class T>
RLHF_DEVICE double draw_uniform(const CategoricalParams<T>& params, long long row) {
  const long long position = load(row_of(params.positions, row));
  return philox_uniform(params.seed, static_cast<unsigned long long>(load(row_of(params.sequences, row))),
                        static_cast<unsigned long long>(position));
}

template <class T, class Team>
RLHF_DEVICE void categorical(const CategoricalParams<T>& params, long long row, const Team& team) {
  const LogitScale scale = scale_of(params);
  const RowWindow<T> window = window_of(row_of(params.logits, row), params.vocab);
  const RowState share = measure_share<false, false>(window, -1, scale, team.row, KeepNothing());
  const float max = team.row.max(share.max), sum = team.row.sum(relative_to(share, max, scale.slope_log2).sum);
  // Without a finite maximum: only −∞, or NaN, or +∞.
  if (!(sum > 0.0f)) {
    if (team.row.thread() == 0) {
      write_draw(params, row, 0, not_a_number(), not_a_number());
    }
    return;
  }
  TokenChoice<T, Team> choice{window, scale, max, -infinity(), team};
  if (params.greedy == 0 || params.truncated_logprobs != 0) {
    choice.truncate(params.top_k, params.top_p);
  }
  int token;
  float log_mass = 0.0f;
  if (params.greedy == 0 || params.truncated_logprobs != 0) {
    const double mass = choice.total_mass();
    log_mass = logf(static_cast<float>(mass));
    token = params.greedy != 0 ? choice.greedy() : choice.draw(draw_uniform(params, row) * mass);
  } else {
    token = choice.greedy();
  }
  const RowStats stats = measure_row<true>(row_of(params.logits, row), params.vocab, token, given(params.entropy),
                                           scale_of(params), team.row, KeepNothing());
  if (team.row.thread() == 0) {
    const float truncated = (stats.selected - stats.max) * params.slope - log_mass;
    write_draw(params, row, token, params.truncated_logprobs != 0 ? truncated : stats.logprob, stats.entropy);
  }
}

template <class T>
RLHF_DEVICE void categorical_block(const CategoricalParams<T>& params) {
  RLHF_SHARED(float, scratch, kWarp);
  RLHF_SHARED(int, tokens, kWarp);
  RLHF_SHARED(double, masses, kWarp);
  const long long row = blockIdx.x;
  if (row < params.rows) {
    categorical(params, row, BlockDraw{BlockTeam{scratch}, tokens, masses});
  }
}

template <class T>
RLHF_DEVICE void categorical_warp(const CategoricalParams<T>& params) {
  const long long row = static_cast<long long>(blockIdx.x) * (kShortRowThreads / kWarp) + warp_id();
  if (row < params.rows) {
    categorical(params, row, WarpDraw{});
  }
}

RLHF_ENTRY(rlhf_categorical_f32, CategoricalParams<float>, kRowThreads, 1) {
  categorical_block(params);
}

RLHF_ENTRY(rlhf_categorical_bf16, CategoricalParams<bf16>, kRowThreads, 1) {
  categorical_block(params);
}

RLHF_ENTRY(rlhf_categorical_f16, CategoricalParams<f16>, kRowThreads, 1) {
  categorical_block(params);
}

RLHF_ENTRY(rlhf_categorical_warp_f32, CategoricalParams<float>, kShortRowThreads, 3) {
  categorical_warp(params);
}

RLHF_ENTRY(rlhf_categorical_warp_bf16, CategoricalParams<bf16>, kShortRowThreads, 3) {
  categorical_warp(params);
}

RLHF_ENTRY(rlhf_categorical_warp_f16, CategoricalParams<f16>, kShortRowThreads, 3) {
  categorical_warp(params);
}
