// Sums and maxima, named by who takes part. The order of summation is fixed by the lane and warp numbers alone: the same bits on
// every run, for every schedule.
#pragma once

constexpr int kWarp = 32;
constexpr unsigned kFullWarp = 0xFFFFFFFFu;

RLHF_DEVICE int lane_id() {
  return static_cast<int>(threadIdx.x) % kWarp;
}

RLHF_DEVICE int warp_id() {
  return static_cast<int>(threadIdx.x) / kWarp;
}

struct Sum {
  template <class T>
  RLHF_DEVICE T operator()(T left, T right) const {
    return left + right;
  }
};

// A NaN on either side wins.
struct Max {
  template <class T>
  RLHF_DEVICE T operator()(T left, T right) const {
    return left > right || left != left ? left : right;
  }
};

struct Min {
  template <class T>
  RLHF_DEVICE T operator()(T left, T right) const {
    return left < right || left != left ? left : right;
  }
};

// Over the warp; every lane gets the result. All 32 lanes take part.
template <class T, class Operation>
RLHF_DEVICE T warp_reduce(T value, Operation operation) {
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value = operation(value, __shfl_xor_sync(kFullWarp, value, distance));
  }
  return value;
}

template <class T>
RLHF_DEVICE T warp_sum(T value) {
  return warp_reduce(value, Sum());
}

template <class T>
RLHF_DEVICE T warp_max(T value) {
  return warp_reduce(value, Max());
}

// Over the block; every thread gets the result. All threads of all (whole) warps take part; `scratch` holds one element a warp
// and may be used again after the call without a barrier of the caller's.
template <class T, class Operation>
RLHF_DEVICE T block_reduce(T value, Shared<T> scratch, T identity, Operation operation) {
  value = warp_reduce(value, operation);
  if (lane_id() == 0) {
    scratch[warp_id()] = value;
  }
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  value = lane_id() < warps ? static_cast<T>(scratch[lane_id()]) : identity;
  value = warp_reduce(value, operation);
  __syncthreads();
  return value;
}

template <class T>
RLHF_DEVICE T block_sum(T value, Shared<T> scratch) {
  return block_reduce(value, scratch, static_cast<T>(0), Sum());
}

// The identity is −∞: of finite values and NaN.
RLHF_DEVICE float block_max(float value, Shared<float> scratch) {
  return block_reduce(value, scratch, -infinity(), Max());
}

// ---- Statistics of a whole launch --------------------------------------------------------------------------------------
// A kernel's `count` statistics: f64 partial results of each block in the workspace, combined by the last block to finish.

struct GridPartials {
  double* partials;   // [count, blocks]
  unsigned* arrived;  // 0 before and after the launch
};

// Statistic i's operation alone.
template <class Operations>
struct CombineAt {
  Operations operations;
  int i;

  RLHF_DEVICE double operator()(double left, double right) const {
    return operations.combine(i, left, right);
  }
};

// What stands in `warps` ([kWarp, count], so that lanes meet no bank conflict; the first `filled` rows), over the grid. Every
// thread of every block calls it.
template <int count, class Operations, class Write>
RLHF_DEVICE void grid_reduce_warps(const GridPartials& grid, Shared<double> warps, int filled, Operations operations,
                                   Write write) {
  RLHF_SHARED(int, is_last, 1);
  const int warp_count = static_cast<int>(blockDim.x) / kWarp;
  const long long blocks = gridDim.x;
  __syncthreads();
  if (warp_id() == 0) {
    for (int i = lane_id(); i < count; i += kWarp) {
      double total = operations.identity(i);
      for (int warp = 0; warp < filled; warp++) {
        total = operations.combine(i, total, warps[warp * count + i]);
      }
      store(grid.partials + i * blocks + blockIdx.x, total);
    }
    __syncwarp();
    if (lane_id() == 0) {
      is_last[0] = arrive_last(grid.arrived, gridDim.x) ? 1 : 0;
    }
  }
  __syncthreads();
  if (is_last[0] == 0) {
    return;
  }
  for (int i = warp_id(); i < count; i += warp_count) {
    double total = operations.identity(i);
    for (long long block = lane_id(); block < blocks; block += kWarp) {
      total = operations.combine(i, total, load(grid.partials + i * blocks + block));
    }
    total = warp_reduce(total, CombineAt<Operations>{operations, i});
    if (lane_id() == 0) {
      write(i, total);
    }
  }
}

// Combines `count` statistics of all threads over the grid. Statistic i is a sum, or what `Operations::combine(i, left, right)`
// says, from `Operations::identity(i)` on; where the whole is known, one thread calls `write(i, total)` for each i. Every thread
// of every block calls it, at the end.
template <int count, class Operations, class Write>
RLHF_DEVICE void grid_reduce(const GridPartials& grid, const double (&value)[count], Operations operations, Write write) {
  RLHF_SHARED(double, warps, count* kWarp);
#pragma unroll
  for (int i = 0; i < count; i++) {
    double total = warp_reduce(value[i], CombineAt<Operations>{operations, i});
    if (lane_id() == 0) {
      warps[warp_id() * count + i] = total;
    }
  }
  grid_reduce_warps<count>(grid, warps, static_cast<int>(blockDim.x) / kWarp, operations, write);
}

// The same where only the first lane of each of a block's first `leaders` warps has a share: a row's team knows it as a whole,
// and f64 over all lanes would take longer than a short row on devices with few f64 units.
template <int count, class Operations, class Write>
RLHF_DEVICE void grid_reduce_leaders(const GridPartials& grid, const double (&value)[count], int leaders, Operations operations,
                                     Write write) {
  RLHF_SHARED(double, warps, count* kWarp);
  if (lane_id() == 0 && warp_id() < leaders) {
#pragma unroll
    for (int i = 0; i < count; i++) {
      warps[warp_id() * count + i] = value[i];
    }
  }
  grid_reduce_warps<count>(grid, warps, leaders, operations, write);
}

// All statistics are sums.
struct AllSums {
  RLHF_DEVICE double identity(int) const {
    return 0;
  }
  RLHF_DEVICE double combine(int, double left, double right) const {
    return left + right;
  }
};
