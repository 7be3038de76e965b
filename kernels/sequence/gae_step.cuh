// Generalised advantage estimation, one step: A = delta + decay A'. The one place of the device where the mask modes and the ends
// of episodes stand (gae_rows.cuh and gae_columns.cuh use it).
#pragma once

// As Rlhf.Kernels.Sequence.GaeMaskMode counts them.
constexpr int kMaskNone = 0;
constexpr int kMaskZero = 1;
constexpr int kMaskSkip = 2;

struct GaeParams {
  Matrix<const float> rewards;
  Matrix<const float> values;
  Matrix<const unsigned char> mask;
  Matrix<const unsigned char> dones;
  Matrix<const unsigned char> truncations;
  Matrix<const float> truncation_values;
  Matrix<const float> last_values;
  Matrix<float> advantages;
  Matrix<float> returns;
  int rows;
  int cols;
  int mask_mode;
  int packed;         // all rows are aligned for 16-byte accesses
  int warps_per_row;  // rows form: 1, 2, 4 or all warps of a block share a row
  float gamma;
  float decay;  // gamma lambda
};

RLHF_DEVICE float last_value(const GaeParams& params, long long sequence) {
  return given(params.last_values) ? load(row_of(params.last_values, sequence)) : 0.0f;
}

// A as a function of the A that follows: the composition of steps is one again.
struct GaeMap {
  float decay, delta;

  // Selected where the decay is 0: an infinite advantage of the next episode must not become 0 times infinity here.
  RLHF_DEVICE float at(float next) const {
    return decay == 0 ? delta : fmaf(decay, next, delta);
  }

  RLHF_DEVICE GaeMap after(const GaeMap& next) const {
    return GaeMap{decay * next.decay, at(next.delta)};
  }
};

// What a step holds beside reward and value.
struct GaeFlags {
  bool counted, done, truncated;
};

// The value that this step shows to the one before it, `next` being the one it sees itself.
RLHF_DEVICE float shown_value(int mode, bool counted, float value, float next) {
  return counted || mode == kMaskNone ? value : mode == kMaskZero ? 0.0f : next;
}

// `value` is the shown one; `ending` is the value of the last observation of a truncated episode.
RLHF_DEVICE GaeMap gae_step(const GaeParams& params, const GaeFlags& flags, float reward, float value, float next, float ending) {
  const bool counted = flags.counted || params.mask_mode == kMaskNone;
  if (!counted && params.mask_mode == kMaskSkip) {
    return GaeMap{1.0f, 0.0f};
  }
  next = flags.done ? (flags.truncated ? ending : 0.0f) : next;
  reward = counted ? reward : 0.0f;
  return GaeMap{flags.done ? 0.0f : params.decay, fmaf(params.gamma, next, reward - value)};
}
