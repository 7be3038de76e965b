// Log-prob and entropy from hidden states on tensor cores, logits never written (sm_80 and later; bf16 and f16):
//
//   u = cap(hidden [rows, H] · weight [V, H]ᵀ + bias),  then  m = max u,  s = Σ 2^((u − m) k),  w = Σ (u − m) k 2^((u − m) k)
//
// over each split of kSplit columns, the target's own column left out and its u kept: linear_logprobs_merge.cu puts it back last,
// so that 1 − p keeps its relative precision. Splits depend on V alone and are merged in order: the same bits for any rows.
// Block: 128 rows × one split, tile by tile of 128 columns; 8 warps of 64 × 32; H in slices of 32 through three cp.async stages;
// f32 sums. A stage's 64-byte rows have their four 16-byte chunks permuted by (row / 2) % 4: ldmatrix and cp.async touch each
// bank once. 2·H·V flops a row; bytes through L2: (1/128 + 1/128) · rows · V · H · 2; written: 16 · ⌈V / kSplit⌉ a row.
// Needs H, both strides and both base addresses in multiples of 8 elements. Called by LinearLogprobsMma.
#include "common/rlhf.cuh"
#include "sequence/linear_splits.cuh"

struct LinearLogprobsMmaParams {
  Matrix<const void> hidden;
  Matrix<const void> weight;
  Matrix<const float> bias;
  Matrix<const int> targets;
  float* partials;  // [splits, rows, 4]
  int rows;
  int vocab;
  int hidden_size;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
};

constexpr int kThreads = 256, kTile = 128, kSlice = 32, kChunk = 8, kStages = 3;
constexpr int kChunks = kSlice / kChunk, kOperand = kTile * kSlice, kStage = 2 * kOperand;
constexpr int kWarpRows = 64, kWarpColumns = 32, kAcross = kTile / kWarpColumns;
constexpr int kM = kWarpRows / 16, kN = kWarpColumns / 8;
constexpr int kGroup = 8;  // tiles of rows that share a split's weight in L2 before the next split

RLHF_DEVICE void multiply(bf16, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  mma_m16n8k16_bf16(d, a, b);
}

RLHF_DEVICE void multiply(f16, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  mma_m16n8k16_f16(d, a, b);
}

// Where chunk `chunk` of row `row` of an operand's slice lies.
RLHF_DEVICE int chunk_at(int row, int chunk) {
  return row * kSlice + (chunk ^ (row / 2 % kChunks)) * kChunk;
}

// A slice of 128 rows from `first` on; rows beyond the last repeat it (their results are not used), columns beyond H are 0.
template <class T>
RLHF_DEVICE void fetch(Shared<T> to, const Matrix<const void>& from, int first, int rows, int k_begin, int k) {
  const int chunk = static_cast<int>(threadIdx.x) % kChunks, at = k_begin + chunk * kChunk;
#pragma unroll
  for (int i = 0; i < kTile * kChunks / kThreads; i++) {
    int row = static_cast<int>(threadIdx.x) / kChunks + i * (kThreads / kChunks);
    int source = first + row < rows ? first + row : rows - 1;
    Shared<T> place = to + chunk_at(row, chunk);
    if (at < k) {
      cp_async_16<T>(place, static_cast<const T*>(from.data) + source * from.stride + at);
    } else {
      Pack<T, kChunk> zeros = {};
      store_shared_pack<T, kChunk>(place, zeros);
    }
  }
}

// Adds the product of one slice to the warp's sums.
template <class T>
RLHF_DEVICE void multiply_slice(float (&sum)[kM][kN][4], Shared<T> stage, int warp_row, int warp_column) {
  const int lane = lane_id();
  Shared<T> a_slice = stage, b_slice = stage + kOperand;
#pragma unroll
  for (int step = 0; step < kSlice / 16; step++) {
    unsigned a[kM][4], b[kN][2];
#pragma unroll
    for (int i = 0; i < kM; i++) {
      ldmatrix_x4<T>(a[i], a_slice + chunk_at(warp_row + i * 16 + lane % 16, step * 2 + lane / 16));
    }
#pragma unroll
    for (int j = 0; j < kN; j += 2) {
      unsigned pair[4];
      ldmatrix_x4<T>(pair, b_slice + chunk_at(warp_column + j * 8 + lane / 16 * 8 + lane % 8, step * 2 + lane / 8 % 2));
      b[j][0] = pair[0];
      b[j][1] = pair[1];
      b[j + 1][0] = pair[2];
      b[j + 1][1] = pair[3];
    }
#pragma unroll
    for (int i = 0; i < kM; i++) {
#pragma unroll
      for (int j = 0; j < kN; j++) {
        multiply(T(), sum[i][j], a[i], b[j]);
      }
    }
  }
}

// Folds one row's eight logits of this thread, and those of the three lanes beside it, into the row's partial of this warp; the
// sums are left at 0. The first of the four lanes alone reads and writes the partial, so it needs no barrier.
RLHF_DEVICE void fold_row(float (&sum)[kN][4], int half, const float (&bias)[kN][2], const LogitScale& scale, int column,
                          int vocab, int target, Shared<float> partial, Shared<float> selected) {
  float u[kN * 2];
  RowState added = empty_state();
#pragma unroll
  for (int j = 0; j < kN * 2; j++) {
    int at = column + j / 2 * 8 + j % 2;
    float value = transformed(scale, sum[j / 2][half * 2 + j % 2] + bias[j / 2][j % 2]);
    sum[j / 2][half * 2 + j % 2] = 0;
    if (at == target) {
      selected[0] = value;
    }
    // After the cap, which would bring a column beyond V back as a finite logit.
    u[j] = at < vocab && at != target ? value : -infinity();
    added.max = fmaxf(added.max, u[j]);
  }
#pragma unroll
  for (int distance = 2; distance > 0; distance /= 2) {
    added.max = fmaxf(added.max, __shfl_xor_sync(kFullWarp, added.max, distance));
  }
#pragma unroll
  for (int j = 0; j < kN * 2; j++) {
    float a = (u[j] - added.max) * scale.slope_log2, e = exp2_approx(a);
    added.sum += e;
    added.weighted = fmaf(e, fmaxf(a, kVanished), added.weighted);
  }
#pragma unroll
  for (int distance = 2; distance > 0; distance /= 2) {
    added.sum += __shfl_xor_sync(kFullWarp, added.sum, distance);
    added.weighted += __shfl_xor_sync(kFullWarp, added.weighted, distance);
  }
  if (lane_id() % 4 == 0) {
    RowState state = merge_states(RowState{partial[0], partial[kTile], partial[2 * kTile]}, added, scale.slope_log2);
    partial[0] = state.max;
    partial[kTile] = state.sum;
    partial[2 * kTile] = state.weighted;
  }
}

template <class T>
RLHF_DEVICE void linear_logprobs_mma(const LinearLogprobsMmaParams& params) {
  RLHF_SHARED(float, partials, kAcross * 3 * kTile);
  RLHF_SHARED(float, selected, kTile);
  RLHF_SHARED(int, targets, kTile);
  Shared<T> stages = dynamic_shared<T>();
  const int thread = static_cast<int>(threadIdx.x), splits = ceil_div(params.vocab, kSplit);
  const long long row_tiles = ceil_div(params.rows, kTile), in_group = static_cast<long long>(kGroup) * splits;
  const long long group_first = blockIdx.x / in_group * kGroup, within = blockIdx.x % in_group;
  const int group = static_cast<int>(row_tiles - group_first < kGroup ? row_tiles - group_first : kGroup);
  const int row_first = static_cast<int>(group_first + within % group) * kTile, split = static_cast<int>(within / group);
  const int column_first = split * kSplit;
  const int column_end = params.vocab - column_first < kSplit ? params.vocab : column_first + kSplit;
  const int slices = ceil_div(params.hidden_size, kSlice), steps = ceil_div(column_end - column_first, kTile) * slices;
  const int warp_row = warp_id() / kAcross * kWarpRows, warp_column = warp_id() % kAcross * kWarpColumns;

  for (int i = thread; i < kAcross * 3 * kTile; i += kThreads) {
    partials[i] = i / kTile % 3 == 0 ? kLowest : 0.0f;
  }
  if (thread < kTile) {
    targets[thread] = row_first + thread < params.rows ? load(row_of(params.targets, row_first + thread)) : -1;
    selected[thread] = 0;
  }

  float sum[kM][kN][4];
#pragma unroll
  for (int i = 0; i < kM * kN * 4; i++) {
    sum[i / (kN * 4)][i / 4 % kN][i % 4] = 0;
  }

  int fetched = 0, fetch_column = column_first, fetch_k = 0;
  for (int step = 1 - kStages; step < steps; step++) {
    if (step >= 0) {
      cp_async_wait<kStages - 2>();
      __syncthreads();
    }
    // Into the stage that was multiplied before the barrier.
    if (fetched < steps) {
      Shared<T> stage = stages + fetched % kStages * kStage;
      fetch<T>(stage, params.hidden, row_first, params.rows, fetch_k, params.hidden_size);
      fetch<T>(stage + kOperand, params.weight, fetch_column, params.vocab, fetch_k, params.hidden_size);
      fetched++;
      fetch_k += kSlice;
      if (fetch_k >= params.hidden_size) {
        fetch_k = 0;
        fetch_column += kTile;
      }
    }
    cp_async_commit();
    if (step < 0) {
      continue;
    }
    multiply_slice<T>(sum, stages + step % kStages * kStage, warp_row, warp_column);
    if ((step + 1) % slices != 0) {
      continue;
    }
    const int column = column_first + step / slices * kTile + warp_column + lane_id() % 4 * 2;
    float bias[kN][2];
#pragma unroll
    for (int j = 0; j < kN * 2; j++) {
      int at = column + j / 2 * 8 + j % 2;
      bias[j / 2][j % 2] = given(params.bias) && at < params.vocab ? load(row_of(params.bias, at)) : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < kM * 2; i++) {
      int row = warp_row + i / 2 * 16 + i % 2 * 8 + lane_id() / 4;
      fold_row(sum[i / 2], i % 2, bias, scale_of(params), column, params.vocab, targets[row],
               partials + (warp_id() % kAcross * 3 * kTile + row), selected + row);
    }
  }
  __syncthreads();
  if (thread < kTile && row_first + thread < params.rows) {
    RowState total = empty_state();
#pragma unroll
    for (int i = 0; i < kAcross; i++) {
      int at = i * 3 * kTile + thread;
      total = merge_states(total, RowState{partials[at], partials[at + kTile], partials[at + 2 * kTile]}, params.slope_log2);
    }
    Pack<float, 4> out = {{total.max, total.sum, total.weighted, selected[thread]}};
    store_pack<float, 4>(split_at(params.partials, split, params.rows, row_first + thread), out);
  }
}

RLHF_ENTRY(rlhf_linear_logprobs_mma_bf16, LinearLogprobsMmaParams, kThreads, 2) {
  linear_logprobs_mma<bf16>(params);
}
RLHF_ENTRY(rlhf_linear_logprobs_mma_f16, LinearLogprobsMmaParams, kThreads, 2) {
  linear_logprobs_mma<f16>(params);
}
