// Storage types. Arithmetic is f32; only logits, hidden states and weights are stored shorter.
#pragma once

// The upper half of an IEEE binary32.
struct bf16 {
  unsigned short bits;
};

// IEEE binary16.
struct f16 {
  unsigned short bits;
};

RLHF_DEVICE float to_f32(float value) {
  return value;
}

RLHF_DEVICE float to_f32(bf16 value) {
  return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
}

RLHF_DEVICE float to_f32(f16 value) {
  return f16_bits_to_f32(value.bits);
}

template <class T>
RLHF_DEVICE T from_f32(float value);

template <>
RLHF_DEVICE float from_f32<float>(float value) {
  return value;
}

// Nearest, ties to even; a NaN stays one.
template <>
RLHF_DEVICE bf16 from_f32<bf16>(float value) {
  unsigned bits = __float_as_uint(value);
  unsigned rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  return bf16{static_cast<unsigned short>((value != value ? bits | 0x400000u : rounded) >> 16)};
}

template <>
RLHF_DEVICE f16 from_f32<f16>(float value) {
  return f16{f32_to_f16_bits(value)};
}

// Elements of a 16-byte access.
template <class T>
struct PackSize {
  static constexpr int value = 16 / static_cast<int>(sizeof(T));
};

// A matrix whose rows lie `stride` elements apart (0 repeats one row); a vector has one column. Null where it was left out.
// The shape stands with the kernel's other parameters. The host packs it as DeviceView.
template <class T>
struct Matrix {
  T* data;
  long long stride;
};

template <class T>
RLHF_DEVICE T* row_of(const Matrix<T>& matrix, long long row) {
  return matrix.data + row * matrix.stride;
}

template <class T>
RLHF_DEVICE bool given(const Matrix<T>& matrix) {
  return matrix.data != nullptr;
}
