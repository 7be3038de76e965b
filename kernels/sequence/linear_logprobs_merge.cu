// The tensor-core head's last step: a row's splits joined in order, the target put back, log-prob and entropy written.
// partials [splits, rows, 4] → [rows]. A thread a row, neighbours in neighbouring addresses: 16 · splits + 8 … 17 bytes a row.
// Called by LinearLogprobsMma.
#include "common/rlhf.cuh"
#include "sequence/linear_splits.cuh"

struct LinearLogprobsMergeParams {
  float* partials;
  Matrix<const int> targets;
  Matrix<const unsigned char> mask;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  unsigned long long* error;
  long long first_row;  // of the call, for the error word
  int rows;
  int vocab;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

RLHF_DEVICE RowStats merged_row(const LinearLogprobsMergeParams& params, int row) {
  RowStats stats{};
  if (given(params.mask) && load(row_of(params.mask, row)) == 0) {
    return stats;
  }
  const int target = load(row_of(params.targets, row));
  if (target < 0 || target >= params.vocab) {
    report_error(params.error, 1ull << 32 | static_cast<unsigned long long>(params.first_row + row));
    stats.logprob = stats.entropy = not_a_number();
    return stats;
  }
  RowState state = empty_state();
  for (int split = 0; split < ceil_div(params.vocab, kSplit); split++) {
    Pack<float, 4> part = load_pack_last<float, 4>(split_at(params.partials, split, params.rows, row));
    state = merge_states(state, RowState{part.lane[0], part.lane[1], part.lane[2]}, params.slope_log2);
  }
  const float selected = load(split_at(params.partials, target / kSplit, params.rows, row) + 3);
  const float max = fmaxf(state.max, selected);
  state = relative_to(state, max, params.slope_log2);
  return finish_row(max, state.sum, state.weighted, selected, scale_of(params));
}

RLHF_ENTRY(rlhf_linear_logprobs_merge_f32, LinearLogprobsMergeParams, kElementThreads, 4) {
  const long long row = static_cast<long long>(blockIdx.x) * kElementThreads + threadIdx.x;
  if (row < params.rows) {
    RowStats stats = merged_row(params, static_cast<int>(row));
    store(row_of(params.logprobs, row), stats.logprob);
    if (given(params.entropy)) {
      store(row_of(params.entropy, row), stats.entropy);
    }
  }
}
