// Log-prob and entropy of a chunk of the fused head, and the gradient over its logits for upstream gradients of any stride.
// logits [rows, V] f32 (workspace) → [rows], and grads [rows, V] in the head's storage type over the same memory. Masked rows
// give zeros, a bad target NaN. 8·V bytes a row, the second 4·V from L2 where it holds; 4·V or 2·V more with the gradient. Called
// by LinearLogprobsCuda for each chunk.
#include "common/rlhf.cuh"
#include "sequence/linear_rows.cuh"

template <class T>
struct LinearRowsParams {
  Matrix<float> logits;
  Matrix<T> grads;
  Matrix<const float> bias;
  Matrix<const int> targets;
  Matrix<const unsigned char> mask;
  Matrix<const float> grad_logprobs;
  Matrix<const float> grad_entropy;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  unsigned long long* error;
  long long first_row;  // of the call, for the error word
  int rows;
  int vocab;
  float grad_scale;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

struct GivenUpstream {
  RowUpstream value;

  RLHF_DEVICE RowUpstream operator()(const RowStats&) const {
    return value;
  }
};

template <class T>
RLHF_DEVICE void linear_rows(const LinearRowsParams<T>& params) {
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
  RowUpstream upstream{0.0f, 0.0f};
  if (counted) {
    upstream.logprob = given(params.grad_logprobs) ? load(row_of(params.grad_logprobs, row)) : 0.0f;
    upstream.entropy = given(params.grad_entropy) ? load(row_of(params.grad_entropy, row)) : 0.0f;
  }
  const RowStats stats = !counted || bad
                             ? linear_row_left_out(place, bad, params.error, team)
                             : linear_row(place, params.bias, target, given(params.entropy) || upstream.entropy != 0.0f,
                                          params.grad_scale, scale_of(params), team, GivenUpstream{upstream});
  if (team.thread() == 0) {
    store(row_of(params.logprobs, row), stats.logprob);
    if (given(params.entropy)) {
      store(row_of(params.entropy, row), stats.entropy);
    }
  }
}

RLHF_ENTRY(rlhf_linear_rows_f32, LinearRowsParams<float>, kRowThreads, 1) {
  linear_rows(params);
}
RLHF_ENTRY(rlhf_linear_rows_bf16, LinearRowsParams<bf16>, kRowThreads, 1) {
  linear_rows(params);
}
RLHF_ENTRY(rlhf_linear_rows_f16, LinearRowsParams<f16>, kRowThreads, 1) {
  linear_rows(params);
}
