// Gradients of Gaussian policies: a thread keeps to its columns, so that neighbours read neighbouring words of dense rows and the sum
// over the rows of a block, in a fixed order, needs no shuffle.
#pragma once

#include "control/gaussian.cuh"

constexpr int kColumnSumThreads = 256;

// A thread's sum with what each f32 addition rounds off kept beside (Knuth's two-sum).
struct ColumnSum {
  float sum, lost;

  RLHF_DEVICE void add(float value) {
    const float total = sum + value;
    const float added = total - sum;
    lost += (sum - (total - added)) + (value - added);
    sum = total;
  }

  // What an infinite sum lost is NaN.
  RLHF_DEVICE double total() const {
    return fabsf(lost) < infinity() ? static_cast<double>(sum) + lost : sum;
  }
};

// Calls element(row, col) -> float for every element of the block's rows, and sums the results by column where `params.summed`: into
// partials [cols, blocks], and from there, by the last block to finish, into row 0 of `params.grad_log_stds`. Every thread calls it.
template <class Params, class Element>
RLHF_DEVICE void for_each_column(const Params& params, Element element) {
  RLHF_SHARED(double, scratch, kColumnSumThreads);
  RLHF_SHARED(int, is_last, 1);
  const int thread = static_cast<int>(threadIdx.x);
  const int width = params.cols < kColumnSumThreads ? params.cols : kColumnSumThreads;
  const int height = kColumnSumThreads / width;
  const int first = thread / width;
  const long long blocks = gridDim.x;
  const long long begin = static_cast<long long>(blockIdx.x) * params.block_rows;
  const long long end = begin + params.block_rows < params.rows ? begin + params.block_rows : params.rows;
  for (int tile = 0; tile < params.cols; tile += width) {
    const int col = tile + thread % width;
    const bool owns = first < height && col < params.cols;
    ColumnSum sum{0, 0};
    for (long long row = begin + first; owns && row < end; row += height) {
      sum.add(element(row, col));
    }
    if (params.summed == 0) {
      continue;
    }
    scratch[thread] = sum.total();
    __syncthreads();
    if (first == 0 && col < params.cols) {
      double total = 0;
      for (int i = 0; i < height; i++) {
        total += scratch[i * width + thread];
      }
      store(params.partials.partials + col * blocks + blockIdx.x, total);
    }
    __syncthreads();
  }
  if (params.summed == 0) {
    return;
  }
  if (thread == 0) {
    is_last[0] = arrive_last(params.partials.arrived, gridDim.x) ? 1 : 0;
  }
  __syncthreads();
  if (is_last[0] == 0) {
    return;
  }
  for (int col = warp_id(); col < params.cols; col += kColumnSumThreads / kWarp) {
    double total = 0;
    for (long long block = lane_id(); block < blocks; block += kWarp) {
      total += load(params.partials.partials + col * blocks + block);
    }
    total = warp_sum(total);
    if (lane_id() == 0) {
      store(row_of(params.grad_log_stds, 0) + col, static_cast<float>(total));
    }
  }
}
