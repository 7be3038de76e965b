// What the kernels of Gaussian policies share: rows of few actions, a power of two of neighbouring lanes each.
#pragma once

constexpr float kHalfLogTwoPi = 0.918938533204672742f;

// sigma to the power of `sign` (1 or -1), where both are normal numbers. A NaN passes.
RLHF_DEVICE float std_power(float log_std, float sign) {
  return expf(clamp(log_std * sign, -87.0f, 87.0f));
}

// A row's team: `lanes` neighbours of a warp. The number of columns alone decides, so that a row has the same bits in any batch.
struct RowLanes {
  long long row;
  int lane, lanes;

  // All lanes of the warp take part.
  RLHF_DEVICE float sum(float value) const {
    for (int distance = lanes / 2; distance > 0; distance /= 2) {
      value += __shfl_xor_sync(kFullWarp, value, distance);
    }
    return value;
  }
};

RLHF_DEVICE RowLanes row_lanes(int lanes) {
  const int thread = static_cast<int>(threadIdx.x);
  const long long rows_of_block = static_cast<int>(blockDim.x) / lanes;
  return RowLanes{blockIdx.x * rows_of_block + thread / lanes, thread % lanes, lanes};
}

// Log-prob and entropy of a row, lane by lane: the one place where they are added up, so that a drawn action and a replayed one
// have the same bits.
struct GaussianSums {
  float squares, logs;

  RLHF_DEVICE void add(float mean, float log_std, float action) {
    const float z = (action - mean) * std_power(log_std, -1.0f);
    squares = fmaf(z, z, squares);
    logs += log_std;
  }

  RLHF_DEVICE void write(const RowLanes& team, bool inside, int cols, const Matrix<float>& logprobs, const Matrix<float>& entropy) {
    squares = team.sum(squares);
    logs = team.sum(logs);
    if (!inside || team.lane != 0) {
      return;
    }
    store(row_of(logprobs, team.row), fmaf(-0.5f, squares, -logs - static_cast<float>(cols) * kHalfLogTwoPi));
    if (given(entropy)) {
      store(row_of(entropy, team.row), fmaf(static_cast<float>(cols), 0.5f + kHalfLogTwoPi, logs));
    }
  }
};
