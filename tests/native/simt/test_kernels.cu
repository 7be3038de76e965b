// Kernels for the emulator's own tests: right ones, and wrong ones that it must catch.
#include "common/rlhf.cuh"

struct EmptyParams {
  int unused;
};

RLHF_ENTRY(test_empty_f32, EmptyParams, 256, 1) {
  (void)params;
}

struct ScaleParams {
  const float* from;
  float* to;
  long long count;
  float factor;
};

// One element a thread.
RLHF_ENTRY(test_scale_f32, ScaleParams, 256, 1) {
  long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < params.count) {
    store(params.to + i, params.factor * load(params.from + i));
  }
}

// The same without a bound: leaves the arrays.
RLHF_ENTRY(test_scale_unbounded_f32, ScaleParams, 256, 1) {
  long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  store(params.to + i, params.factor * load(params.from + i));
}

// Sixteen bytes at `count`, whatever its alignment.
RLHF_ENTRY(test_pack_f32, ScaleParams, 32, 1) {
  if (threadIdx.x == 0) {
    store_pack<float, 4>(params.to, load_pack<float, 4>(params.from + params.count));
  }
}

struct RowParams {
  Matrix<const float> rows;
  float* maximum;
  float* sum;
  double* total;
  GridPartials grid;
  int length;
};

struct WriteTotal {
  double* total;
  RLHF_DEVICE void operator()(int, double value) const {
    store(total, value);
  }
};

// Maximum and sum of a row a block; the sum of all rows by the last block.
RLHF_ENTRY(test_rows_f32, RowParams, 256, 1) {
  RLHF_SHARED(float, scratch, kWarp);
  const float* row = row_of(params.rows, blockIdx.x);
  RowSplit split = split_row(row, params.length);
  float maximum = -infinity(), sum = 0;
  for_each_in_row<false>(row, split, static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x), [&](int, float value) {
    maximum = fmaxf(maximum, value);
    sum += value;
  });
  maximum = block_max(maximum, scratch);
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) {
    store(params.maximum + blockIdx.x, maximum);
    store(params.sum + blockIdx.x, sum);
  }
  const double values[1] = {threadIdx.x == 0 ? static_cast<double>(sum) : 0.0};
  grid_reduce<1>(params.grid, values, AllSums(), WriteTotal{params.total});
}

struct OutParams {
  float* out;
};

// The barrier between the exchange's halves is missing.
RLHF_ENTRY(test_shared_race_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, exchange, 64);
  exchange[threadIdx.x] = static_cast<float>(threadIdx.x);
  store(params.out + threadIdx.x, static_cast<float>(exchange[63 - threadIdx.x]));
}

RLHF_ENTRY(test_shared_unwritten_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, exchange, 64);
  if (threadIdx.x < 32) {
    exchange[threadIdx.x] = 1.0f;
  }
  __syncthreads();
  store(params.out + threadIdx.x, static_cast<float>(exchange[threadIdx.x]));
}

RLHF_ENTRY(test_shared_bounds_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, exchange, 63);
  exchange[threadIdx.x] = 1.0f;
  store(params.out + threadIdx.x, 1.0f);
}

// Neighbours in a warp exchange: enough within a warp.
RLHF_ENTRY(test_warp_exchange_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, exchange, 64);
  exchange[threadIdx.x] = static_cast<float>(threadIdx.x);
  __syncwarp();
  store(params.out + threadIdx.x, static_cast<float>(exchange[threadIdx.x ^ 1u]));
}

RLHF_ENTRY(test_divergent_barrier_f32, OutParams, 64, 1) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  store(params.out + threadIdx.x, 1.0f);
}

RLHF_ENTRY(test_early_exit_f32, OutParams, 64, 1) {
  if (threadIdx.x == 40) {
    return;
  }
  __syncthreads();
  store(params.out + threadIdx.x, 1.0f);
}

RLHF_ENTRY(test_lost_lane_f32, OutParams, 32, 1) {
  float value = 0;
  if (threadIdx.x != 5) {
    value = __shfl_xor_sync(kFullWarp, 1.0f, 1);
  }
  store(params.out + threadIdx.x, value);
}

RLHF_ENTRY(test_not_in_mask_f32, OutParams, 32, 1) {
  __syncwarp(0x0000FFFFu);
  store(params.out + threadIdx.x, 1.0f);
}

// Every block writes the same element.
RLHF_ENTRY(test_global_race_f32, OutParams, 32, 1) {
  if (threadIdx.x == 0) {
    store(params.out, static_cast<float>(blockIdx.x));
  }
}

// Shuffles and votes within halves of the warp, at their own pace.
RLHF_ENTRY(test_half_warps_f32, OutParams, 32, 1) {
  unsigned half = threadIdx.x < 16 ? 0x0000FFFFu : 0xFFFF0000u;
  int value = static_cast<int>(threadIdx.x);
  int rounds = threadIdx.x < 16 ? 3 : 1;
  for (int i = 0; i < rounds; i++) {
    value += __shfl_xor_sync(half, value, 1);
  }
  unsigned odd = __ballot_sync(half, (threadIdx.x & 1u) != 0);
  value += __shfl_up_sync(half, value, 1, 16) + __shfl_down_sync(half, value, 1, 16) + __shfl_sync(half, value, 3, 16);
  store(params.out + threadIdx.x, static_cast<float>(value) + static_cast<float>(__popc(odd)));
}
