// GAE over [T, B] (a column is a sequence). A thread walks its columns from the end of time to the beginning with the advantage
// and the value that follow in registers; neighbouring threads read neighbouring addresses. The loads of several times go out
// before the first is used, which is what hides their latency.
#pragma once

// Columns of one time.
template <int columns>
struct GaeColumns {
  Pack<float, columns> reward, value, ending;
  unsigned mask, dones, truncations;
};

template <int columns>
RLHF_DEVICE GaeColumns<columns> load_columns(const GaeParams& params, long long t, long long col) {
  GaeColumns<columns> at;
  at.reward = load_lanes<columns>(params.rewards, t, col);
  at.value = load_lanes<columns>(params.values, t, col);
  at.mask = given(params.mask) ? load_flags<columns>(params.mask, t, col) : 0;
  at.dones = given(params.dones) ? load_flags<columns>(params.dones, t, col) : 0;
  at.truncations = given(params.truncations) ? load_flags<columns>(params.truncations, t, col) : 0;
#pragma unroll
  for (int i = 0; i < columns; i++) {
    at.ending.lane[i] = 0;
  }
  if (given(params.truncations)) {
    at.ending = load_lanes<columns>(params.truncation_values, t, col);
  }
  return at;
}

template <int columns>
struct GaeCarry {
  float advantage[columns], value[columns];
};

template <int columns>
RLHF_DEVICE void step_columns(const GaeParams& params, long long t, long long col, const GaeColumns<columns>& at,
                              GaeCarry<columns>& carry) {
  Pack<float, columns> advantages, returns;
#pragma unroll
  for (int i = 0; i < columns; i++) {
    const GaeFlags flags{flag_at(at.mask, i), flag_at(at.dones, i), flag_at(at.truncations, i)};
    const float next = carry.value[i];
    const float value = shown_value(params.mask_mode, flags.counted, at.value.lane[i], next);
    const GaeMap step = gae_step(params, flags, at.reward.lane[i], value, next, at.ending.lane[i]);
    carry.value[i] = value;
    carry.advantage[i] = step.at(carry.advantage[i]);
    advantages.lane[i] = carry.advantage[i];
    returns.lane[i] = carry.advantage[i] + value;
  }
  store_lanes<columns>(params.advantages, t, col, advantages);
  store_lanes<columns>(params.returns, t, col, returns);
}

template <int columns, int times>
RLHF_DEVICE void gae_columns(const GaeParams& params) {
  const long long col = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) * columns;
  if (col >= params.cols) {
    return;
  }
  GaeCarry<columns> carry;
#pragma unroll
  for (int i = 0; i < columns; i++) {
    carry.advantage[i] = 0;
    carry.value[i] = last_value(params, col + i);
  }
  int t = params.rows;
  for (; t >= times; t -= times) {
    GaeColumns<columns> at[times];
#pragma unroll
    for (int i = 0; i < times; i++) {
      at[i] = load_columns<columns>(params, t - 1 - i, col);
    }
#pragma unroll
    for (int i = 0; i < times; i++) {
      step_columns<columns>(params, t - 1 - i, col, at[i], carry);
    }
  }
#pragma unroll 1
  for (; t > 0; t--) {
    step_columns<columns>(params, t - 1, col, load_columns<columns>(params, t - 1, col), carry);
  }
}
