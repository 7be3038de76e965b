// Constants and the elementary functions that kernels share.
#pragma once

constexpr float kLog2E = 1.44269504088896341f;
constexpr float kSmallestNormal = 1.17549435e-38f;

RLHF_DEVICE float infinity() {
  return __uint_as_float(0x7F800000u);
}

RLHF_DEVICE float not_a_number() {
  return __uint_as_float(0x7FC00000u);
}

// Unlike fminf and fmaxf these let a NaN in `value` through.
RLHF_DEVICE float at_most(float value, float limit) {
  return value > limit ? limit : value;
}

RLHF_DEVICE float at_least(float value, float limit) {
  return value < limit ? limit : value;
}

RLHF_DEVICE float clamp(float value, float low, float high) {
  return at_most(at_least(value, low), high);
}

template <class I>
RLHF_DEVICE I ceil_div(I count, I size) {
  return (count + size - 1) / size;
}
