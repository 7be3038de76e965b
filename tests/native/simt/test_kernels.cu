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

struct CopyParams {
  const bf16* from;
  bf16* to;
};

// Through shared memory by cp.async, a wait and a barrier; lanes read what others copied.
RLHF_ENTRY(test_copy_async_bf16, CopyParams, 32, 1) {
  Shared<bf16> staged = dynamic_shared<bf16>();
  cp_async_16(staged + threadIdx.x * 8, params.from + threadIdx.x * 8);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  unsigned other = 31 - threadIdx.x;
  store_pack<bf16, 8>(params.to + other * 8, load_shared_pack<bf16, 8>(staged + other * 8));
}

// Waits for all but the one group there is.
RLHF_ENTRY(test_copy_async_early_bf16, CopyParams, 32, 1) {
  Shared<bf16> staged = dynamic_shared<bf16>();
  cp_async_16(staged + threadIdx.x * 8, params.from + threadIdx.x * 8);
  cp_async_commit();
  cp_async_wait<1>();
  __syncthreads();
  store_pack<bf16, 8>(params.to + threadIdx.x * 8, load_shared_pack<bf16, 8>(staged + threadIdx.x * 8));
}

// The wait, but no barrier: another lane's copy may not have arrived.
RLHF_ENTRY(test_copy_async_unordered_bf16, CopyParams, 32, 1) {
  Shared<bf16> staged = dynamic_shared<bf16>();
  cp_async_16(staged + threadIdx.x * 8, params.from + threadIdx.x * 8);
  cp_async_commit();
  cp_async_wait<0>();
  unsigned other = 31 - threadIdx.x;
  store_pack<bf16, 8>(params.to + other * 8, load_shared_pack<bf16, 8>(staged + other * 8));
}

struct MmaParams {
  const bf16* a;  // [16, 16]
  const bf16* b;  // [8, 16]: column by column
  float* d;       // [16, 8]
};

RLHF_ENTRY(test_mma_bf16, MmaParams, 32, 1) {
  RLHF_SHARED(bf16, tile, 256);
  store_shared_pack<bf16, 8>(tile + threadIdx.x * 8, load_pack<bf16, 8>(params.a + threadIdx.x * 8));
  __syncthreads();
  int lane = lane_id();
  unsigned a[4], b[2];
  // Matrices 0..3 are the quarters (rows 0-7, 8-15) x (columns 0-7, 8-15), rows first.
  ldmatrix_x4(a, tile + (lane % 16) * 16 + lane / 16 * 8);
  for (int i = 0; i < 2; i++) {
    const bf16* from = params.b + lane / 4 * 16 + lane % 4 * 2 + i * 8;
    b[i] = load(from).bits | static_cast<unsigned>(load(from + 1).bits) << 16;
  }
  float d[4] = {0, 0, 0, 0};
  mma_m16n8k16_bf16(d, a, b);
  for (int i = 0; i < 4; i++) {
    store(params.d + (lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2, d[i]);
  }
}

// Each block adds the values of its cluster.
RLHF_ENTRY(test_cluster_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, own, 64);
  own[threadIdx.x] = static_cast<float>(blockIdx.x * 64 + threadIdx.x);
  cluster_sync();
  float sum = 0;
  for (unsigned rank = 0; rank < cluster_size(); rank++) {
    sum += cluster_read(own + threadIdx.x, rank);
  }
  cluster_sync();
  store(params.out + blockIdx.x * 64 + threadIdx.x, sum);
}

// Without the first barrier.
RLHF_ENTRY(test_cluster_race_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, own, 64);
  own[threadIdx.x] = 1.0f;
  __syncthreads();
  float sum = cluster_read(own + threadIdx.x, (cluster_rank() + 1) % cluster_size());
  cluster_sync();
  store(params.out + blockIdx.x * 64 + threadIdx.x, sum);
}

// Without the second: a block may be gone while another reads it.
RLHF_ENTRY(test_cluster_exit_f32, OutParams, 64, 1) {
  RLHF_SHARED(float, own, 64);
  own[threadIdx.x] = 1.0f;
  cluster_sync();
  float sum = cluster_read(own + threadIdx.x, (cluster_rank() + 1) % cluster_size());
  store(params.out + blockIdx.x * 64 + threadIdx.x, sum);
}

struct WalkParams {
  const float* from;
  float* to;
  int count, stride;
};

// Reads every stride-th element, twice, a block a row of `count`.
RLHF_ENTRY(test_walk_f32, WalkParams, 32, 1) {
  const float* row = params.from + static_cast<long long>(blockIdx.x) * params.count * params.stride;
  float sum = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = static_cast<int>(threadIdx.x); i < params.count; i += 32) {
      sum += load(row + static_cast<long long>(i) * params.stride);
    }
  }
  store(params.to + blockIdx.x * 32 + threadIdx.x, sum);
}

RLHF_ENTRY(test_banks_f32, WalkParams, 32, 1) {
  Shared<float> shared = dynamic_shared<float>();
  shared[static_cast<int>(threadIdx.x) * params.stride] = 1.0f;
  store(params.to + threadIdx.x, static_cast<float>(shared[static_cast<int>(threadIdx.x) * params.stride]));
}
