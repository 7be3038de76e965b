// Clipped value loss, forward and backward: clipped = old + clamp(value - old, +-range),
// loss = 1/2 sum_b weight_b sum_t mask max((value - return)^2, (clipped - return)^2) / normalizer.
// Shapes: [B, T], weights [B], statistics [5]: loss, count, clipped, sum of values, squared error.
// One pass: 13 bytes read and 4 written a token. Launched by ValueClipLossCuda.
#include "common/rlhf.cuh"

struct ValueClipLossParams {
  Matrix<const float> values;
  Matrix<const float> old_values;
  Matrix<const float> returns;
  Matrix<const unsigned char> mask;
  Matrix<const float> row_weights;
  Matrix<float> grad_values;
  Matrix<float> stats;
  GridPartials partials;
  ElementGrid elements;
  float clip_range;
  float normalizer;
};

// A thread adds at most 16 tokens in f32; blocks and the grid add in f64.
struct ValueClipVisit {
  const ValueClipLossParams& params;
  float loss, count, clipped, value_sum, squared_error;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const float row_weight = given(params.row_weights) ? load(row_of(params.row_weights, row)) : 1.0f;
    const float weight = row_weight / params.normalizer;
    const unsigned flags = load_flags<N>(params.mask, row, col);
    Pack<float, N> values = load_lanes<N>(params.values, row, col);
    const Pack<float, N> old_values = load_lanes<N>(params.old_values, row, col);
    const Pack<float, N> returns = load_lanes<N>(params.returns, row, col);
    float squares = 0;
#pragma unroll
    for (int i = 0; i < N; i++) {
      const bool counted = flag_at(flags, i);
      const float value = counted ? values.lane[i] : 0.0f;
      const float old_value = counted ? old_values.lane[i] : 0.0f;
      const float target = counted ? returns.lane[i] : 0.0f;

      // Inside the range the clipped value is the value itself: old + (value - old) would round, and count as clipped.
      const float change = value - old_value;
      const float bound = change > 0 ? old_value + params.clip_range : old_value - params.clip_range;
      const float error = value - target;
      const float clipped_error = fabsf(change) > params.clip_range ? bound - target : error;
      const float square = error * error;
      const float clipped_square = clipped_error * clipped_error;
      const bool clipped_wins = clipped_square > square;
      values.lane[i] = (clipped_wins ? 0.0f : error) * weight;
      squares += clipped_wins ? clipped_square : square;
      count += counted ? 1.0f : 0.0f;
      clipped += clipped_wins ? 1.0f : 0.0f;
      value_sum += value;
      squared_error += square;
    }
    loss = fmaf(squares, weight, loss);
    store_lanes<N>(params.grad_values, row, col, values);
  }
};

RLHF_ENTRY(rlhf_value_clip_loss_f32, ValueClipLossParams, kElementThreads, 4) {
  ValueClipVisit visit{params, 0, 0, 0, 0, 0};
  for_each_element(params.elements, visit);
  const double sums[5] = {visit.loss, visit.count, visit.clipped, visit.value_sum, visit.squared_error};
  grid_reduce(params.partials, sums, AllSums(), WriteStats{params.stats, 0.5});
}
