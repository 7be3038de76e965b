// The hidden states of a chunk with zeros where the mask leaves a row out: a NaN there must not meet the zeros of the logit
// gradients in the weight gradient's product. hidden [rows, H] of any pitch → [rows, H] dense. A block a row; one read, one
// write. Called by HeadChunks.
#include "common/rlhf.cuh"

struct LinearCountedRowsParams {
  Matrix<const void> hidden;
  Matrix<const unsigned char> mask;
  Matrix<void> counted;
  int rows;
  int hidden_size;
};

template <class T>
RLHF_DEVICE void linear_counted_rows(const LinearCountedRowsParams& params) {
  const long long row = blockIdx.x;
  if (row >= params.rows) {
    return;
  }
  const int thread = static_cast<int>(threadIdx.x), size = params.hidden_size;
  T* to = static_cast<T*>(params.counted.data) + row * params.counted.stride;
  if (load(row_of(params.mask, row)) == 0) {
    for (int i = thread; i < size; i += kElementThreads) {
      store(to + i, T());
    }
    return;
  }
  const T* from = static_cast<const T*>(params.hidden.data) + row * params.hidden.stride;
  transform_row(from, to, split_row(from, size), thread, kElementThreads, [](int, float value) { return value; });
}

RLHF_ENTRY(rlhf_linear_counted_rows_f32, LinearCountedRowsParams, kElementThreads, 4) {
  linear_counted_rows<float>(params);
}
RLHF_ENTRY(rlhf_linear_counted_rows_bf16, LinearCountedRowsParams, kElementThreads, 4) {
  linear_counted_rows<bf16>(params);
}
RLHF_ENTRY(rlhf_linear_counted_rows_f16, LinearCountedRowsParams, kElementThreads, 4) {
  linear_counted_rows<f16>(params);
}
