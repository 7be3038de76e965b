// Count, mean and variance of the counted elements (masked_mean.cu and whiten.cu use it). A block shifts its elements by their
// rough mean and sums the deviations and their squares in f32, 16 a thread; everything after is f64:
//   sum (x - m)^2 = sum (x - s)^2 + 2 (s - m) sum (x - s) + n (s - m)^2.
// Exact for any shift s, and without cancellation where s is near m.
#pragma once

struct Moments {
  double count, mean, variance;
};

// Of one block: `deviations` and `squares` about `shift`.
struct BlockMoments {
  double count, shift, deviations, squares;
};

struct MomentsSource {
  Matrix<const float> values;
  Matrix<const unsigned char> mask;
};

struct SumVisit {
  const MomentsSource& source;
  float count, sum;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const unsigned flags = load_flags<N>(source.mask, row, col);
    const Pack<float, N> x = load_lanes_cached<N>(source.values, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      count += flag_at(flags, i) ? 1.0f : 0.0f;
      sum += flag_at(flags, i) ? x.lane[i] : 0.0f;
    }
  }
};

struct DeviationVisit {
  const MomentsSource& source;
  float shift, deviations, squares;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const unsigned flags = load_flags<N>(source.mask, row, col);
    const Pack<float, N> x = load_lanes_cached<N>(source.values, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float deviation = flag_at(flags, i) ? x.lane[i] - shift : 0.0f;
      deviations += deviation;
      squares = fmaf(deviation, deviation, squares);
    }
  }
};

// All threads of the block get the result. The second walk finds the chunk in L1 or L2.
RLHF_DEVICE BlockMoments block_moments(const MomentsSource& source, const ElementGrid& elements) {
  RLHF_SHARED(float, rough, kWarp);
  RLHF_SHARED(double, sums, kWarp);
  SumVisit first{source, 0, 0};
  for_each_element(elements, first);
  const float count = block_sum(first.count, rough);
  const float sum = block_sum(first.sum, rough);
  const float shift = count > 0 ? sum / count : 0.0f;
  DeviationVisit second{source, shift, 0, 0};
  for_each_element(elements, second);
  const double deviations = block_sum(static_cast<double>(second.deviations), sums);
  const double squares = block_sum(static_cast<double>(second.squares), sums);
  return BlockMoments{count, shift, deviations, squares};
}

RLHF_DEVICE Moments finish_moments(double count, double mean, double squares, int unbiased) {
  const double divisor = unbiased != 0 ? count - 1 : count;
  squares = squares < 0 ? 0 : squares;
  return Moments{count, mean, divisor > 0 ? squares / divisor : 0};
}

RLHF_DEVICE Moments moments_of_one(const BlockMoments& block, int unbiased) {
  if (block.count == 0) {
    return Moments{0, 0, 0};
  }
  const double beside = block.deviations / block.count;
  return finish_moments(block.count, block.shift + beside, block.squares - block.deviations * beside, unbiased);
}

RLHF_DEVICE void store_moments(const Matrix<float>& stats, const Moments& moments) {
  store(row_of(stats, 0), static_cast<float>(moments.count));
  store(row_of(stats, 1), static_cast<float>(moments.mean));
  store(row_of(stats, 2), static_cast<float>(moments.variance));
}

// Combines the blocks of a grid: the last one to arrive writes [count, mean, variance]. Every thread of every block calls it.
RLHF_DEVICE void grid_moments(const GridPartials& grid, const BlockMoments& block, int unbiased, const Matrix<float>& stats) {
  RLHF_SHARED(int, is_last, 1);
  RLHF_SHARED(double, sums, kWarp);
  const long long blocks = gridDim.x;
  if (threadIdx.x == 0) {
    store(grid.partials + blockIdx.x, block.count);
    store(grid.partials + blocks + blockIdx.x, block.shift);
    store(grid.partials + 2 * blocks + blockIdx.x, block.deviations);
    store(grid.partials + 3 * blocks + blockIdx.x, block.squares);
    is_last[0] = arrive_last(grid.arrived, gridDim.x) ? 1 : 0;
  }
  __syncthreads();
  if (is_last[0] == 0) {
    return;
  }
  double count = 0, sum = 0;
  for (long long i = threadIdx.x; i < blocks; i += blockDim.x) {
    const double n = load(grid.partials + i);
    count += n;
    sum += n * load(grid.partials + blocks + i) + load(grid.partials + 2 * blocks + i);
  }
  count = block_sum(count, sums);
  sum = block_sum(sum, sums);
  const double mean = count > 0 ? sum / count : 0;
  double squares = 0;
  for (long long i = threadIdx.x; i < blocks; i += blockDim.x) {
    const double off = load(grid.partials + blocks + i) - mean;
    squares +=
        load(grid.partials + 3 * blocks + i) + off * (2 * load(grid.partials + 2 * blocks + i) + off * load(grid.partials + i));
  }
  squares = block_sum(squares, sums);
  if (threadIdx.x == 0) {
    store_moments(stats, finish_moments(count, mean, squares, unbiased));
  }
}
