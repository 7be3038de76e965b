// The fused head's three matrix products where there is no cuBLAS (or it lacks the storage type): C = alpha · A · B, or C += it,
// in f32 on the plain cores of any architecture from sm_70 on.
//
//   nt   logits  [rows, V] = hidden [rows, H] · weight [V, H]ᵀ
//   nn   dHidden [rows, H] = dLogits [rows, V] · weight [V, H]
//   tn   dWeight [V, H]   += dLogits [rows, V]ᵀ · hidden [rows, H]
//
// Block: a tile of 128 × 128 of C, 16 of K at a time through shared memory; a thread holds 8 × 8 sums in registers. The next
// slice is read into registers while the current one is multiplied. Bytes: (1/128 + 1/128) · M · N · K of A and B through L2, C
// once (twice where it is added to). Sums run over K in order: the bits of an element of C depend on its row of A and column of
// B alone. Called by HeadGemm.
#include "common/rlhf.cuh"

struct LinearGemmParams {
  Matrix<const void> a;
  Matrix<const void> b;
  Matrix<float> c;
  int m;
  int n;
  int k;
  int accumulate;
  float alpha;
};

constexpr int kTile = 128, kSlice = 16, kThreads = 256, kPart = 8;
constexpr int kPitch = kTile + 4;

// A thread's eight elements of a slice on their way; 16-bit ones two to a register, or the sums would not fit beside them.
template <class T>
struct StagedPart {
  unsigned pair[kPart / 2];

  RLHF_DEVICE void set(int i, T value) {
    unsigned bits = value.bits;
    pair[i / 2] = i % 2 == 0 ? bits : pair[i / 2] | bits << 16;
  }
  RLHF_DEVICE float get(int i) const {
    return to_f32(T{static_cast<unsigned short>(i % 2 == 0 ? pair[i / 2] & 0xFFFFu : pair[i / 2] >> 16)});
  }
};

template <>
struct StagedPart<float> {
  float lane[kPart];

  RLHF_DEVICE void set(int i, float value) {
    lane[i] = value;
  }
  RLHF_DEVICE float get(int i) const {
    return lane[i];
  }
};

// Eight elements of a row from `at` on; zeros from `length` on.
template <class T>
RLHF_DEVICE void read_part(StagedPart<T>& staged, const T* row, int at, int length, bool inside) {
  constexpr int kPack = PackSize<T>::value;
  if (inside && at + kPart <= length && address_of(row + at) % 16 == 0) {
#pragma unroll
    for (int p = 0; p < kPart / kPack; p++) {
      Pack<T, kPack> pack = load_pack<T, kPack>(row + at + p * kPack);
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        staged.set(p * kPack + i, pack.lane[i]);
      }
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < kPart; i++) {
    staged.set(i, inside && at + i < length ? load(row + at + i) : T());
  }
}

// One operand's slice [kSlice, kTile] on its way from global to shared memory. `along_k`: its rows run along K (element (x, k)
// at row x), else along the tile (element (x, k) at row k).
template <class T, bool along_k>
struct GemmOperand {
  const T* data;
  long long stride;
  int first, extent, k;

  RLHF_DEVICE void read(StagedPart<T>& staged, int k_begin) const {
    const int thread = static_cast<int>(threadIdx.x);
    if (along_k) {
      int x = first + thread % kTile;
      read_part(staged, data + x * stride, k_begin + thread / kTile * kPart, k, x < extent);
    } else {
      int row = k_begin + thread / (kTile / kPart);
      read_part(staged, data + row * stride, first + thread % (kTile / kPart) * kPart, extent, row < k);
    }
  }

  RLHF_DEVICE void put(const StagedPart<T>& staged, Shared<float> slice) const {
    const int thread = static_cast<int>(threadIdx.x);
    if (along_k) {
      int x = thread % kTile, row = thread / kTile * kPart;
#pragma unroll
      for (int i = 0; i < kPart; i++) {
        slice[(row + i) * kPitch + x] = staged.get(i);
      }
    } else {
      int row = thread / (kTile / kPart), x = thread % (kTile / kPart) * kPart;
#pragma unroll
      for (int half = 0; half < kPart; half += 4) {
        Pack<float, 4> pack;
#pragma unroll
        for (int i = 0; i < 4; i++) {
          pack.lane[i] = staged.get(half + i);
        }
        store_shared_pack<float, 4>(slice + (row * kPitch + x + half), pack);
      }
    }
  }
};

// A thread's rows (or columns) of the tile are 4 · place … + 3 and the same 64 further: neighbours read neighbouring banks.
RLHF_DEVICE void read_fragment(float (&fragment)[kPart], Shared<float> row, int place) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    Pack<float, 4> pack = load_shared_pack<float, 4>(row + (half * (kTile / 2) + place * 4));
#pragma unroll
    for (int i = 0; i < 4; i++) {
      fragment[half * 4 + i] = pack.lane[i];
    }
  }
}

RLHF_DEVICE void write_tile(const LinearGemmParams& params, const float (&sum)[kPart][kPart], int row_first, int column_first) {
  const int across = static_cast<int>(threadIdx.x) % 16, down = static_cast<int>(threadIdx.x) / 16;
#pragma unroll
  for (int i = 0; i < kPart; i++) {
    int row = row_first + i / 4 * (kTile / 2) + down * 4 + i % 4;
    float* to = row_of(params.c, row);
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int column = column_first + half * (kTile / 2) + across * 4;
      if (row < params.m && column + 4 <= params.n && address_of(to + column) % 16 == 0) {
        Pack<float, 4> pack;
        if (params.accumulate != 0) {
          pack = load_pack<float, 4>(to + column);
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
          float value = params.alpha * sum[i][half * 4 + j];
          pack.lane[j] = params.accumulate != 0 ? pack.lane[j] + value : value;
        }
        store_pack<float, 4>(to + column, pack);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          if (row < params.m && column + j < params.n) {
            float value = params.alpha * sum[i][half * 4 + j];
            store(to + column + j, params.accumulate != 0 ? load(to + column + j) + value : value);
          }
        }
      }
    }
  }
}

template <class T, bool a_along_k, bool b_along_k>
RLHF_DEVICE void linear_gemm(const LinearGemmParams& params) {
  RLHF_SHARED(float, a_slice, kSlice* kPitch);
  RLHF_SHARED(float, b_slice, kSlice* kPitch);
  const int down_tiles = ceil_div(params.m, kTile);
  const int row_first = static_cast<int>(blockIdx.x % down_tiles) * kTile,
            column_first = static_cast<int>(blockIdx.x / down_tiles) * kTile;
  const int across = static_cast<int>(threadIdx.x) % 16, down = static_cast<int>(threadIdx.x) / 16;
  const GemmOperand<T, a_along_k> a{static_cast<const T*>(params.a.data), params.a.stride, row_first, params.m, params.k};
  const GemmOperand<T, b_along_k> b{static_cast<const T*>(params.b.data), params.b.stride, column_first, params.n, params.k};
  float sum[kPart][kPart];
#pragma unroll
  for (int i = 0; i < kPart; i++) {
#pragma unroll
    for (int j = 0; j < kPart; j++) {
      sum[i][j] = 0;
    }
  }

  StagedPart<T> a_staged, b_staged;
  a.read(a_staged, 0);
  b.read(b_staged, 0);
  for (int k = 0; k < params.k; k += kSlice) {
    a.put(a_staged, a_slice);
    b.put(b_staged, b_slice);
    __syncthreads();
    if (k + kSlice < params.k) {
      a.read(a_staged, k + kSlice);
      b.read(b_staged, k + kSlice);
    }
#pragma unroll
    for (int step = 0; step < kSlice; step++) {
      float x[kPart], y[kPart];
      read_fragment(x, a_slice + step * kPitch, down);
      read_fragment(y, b_slice + step * kPitch, across);
#pragma unroll
      for (int i = 0; i < kPart; i++) {
#pragma unroll
        for (int j = 0; j < kPart; j++) {
          sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
        }
      }
    }
    __syncthreads();
  }
  write_tile(params, sum, row_first, column_first);
}

RLHF_ENTRY(rlhf_linear_gemm_nt_f32, LinearGemmParams, kThreads, 2) {
  linear_gemm<float, true, true>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_nt_bf16, LinearGemmParams, kThreads, 2) {
  linear_gemm<bf16, true, true>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_nt_f16, LinearGemmParams, kThreads, 2) {
  linear_gemm<f16, true, true>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_nn_f32, LinearGemmParams, kThreads, 2) {
  linear_gemm<float, true, false>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_nn_bf16, LinearGemmParams, kThreads, 2) {
  linear_gemm<bf16, true, false>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_nn_f16, LinearGemmParams, kThreads, 2) {
  linear_gemm<f16, true, false>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_tn_f32, LinearGemmParams, kThreads, 2) {
  linear_gemm<float, false, false>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_tn_bf16, LinearGemmParams, kThreads, 2) {
  linear_gemm<bf16, false, false>(params);
}
RLHF_ENTRY(rlhf_linear_gemm_tn_f16, LinearGemmParams, kThreads, 2) {
  linear_gemm<f16, false, false>(params);
}
