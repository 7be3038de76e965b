// One row of logits under the softmax: what TokenLogprobs, PpoFromLogits and the sampler have in common, shared by a team of
// threads (a warp for V ≤ kShortRow, else a block: chosen by V alone, so that a row has the same bits in any batch and kernel).
//
// A raw logit x becomes u (x itself, or the capped value) and z = slope · u. Each thread folds its chunks of the row, in order,
// into (m, Σ e^(z−m), Σ a e^(z−m)) with a in units of log₂; differences u − m are taken before anything is multiplied, so that a
// common offset costs no precision. The selected token stays outside of the sums until the end: where it holds most of the mass,
// the small terms keep their relative precision, and 1 − p and log p with them.
#pragma once

#include "sequence/row_window.cuh"

constexpr float kLn2 = 0.693147180559945309f;

// Below every finite logit, and itself finite: differences from it are never NaN.
constexpr float kLowest = -3.402823466e38f;

// Packs of a thread that are summed on their own before they join the row's: the unit that a cluster deals out to its blocks.
constexpr int kSegmentPacks = 2 * kChunkPacks;

// Exponents that are certainly 0: −∞ is brought here before it meets a factor of 0.
constexpr float kVanished = -200.0f;

struct LogitScale {
  float inner;        // scale / cap
  float cap;          // 0 for none
  float inverse_cap;  // 1 / cap
  float slope_log2;   // dz/du in units of log₂
  float slope;        // dz/du
  float chain;        // dz/dx before the cap's own derivative 1 − (u / cap)²
};

template <class Params>
RLHF_DEVICE LogitScale scale_of(const Params& params) {
  return LogitScale{params.inner, params.cap, params.inverse_cap, params.slope_log2, params.slope, params.chain};
}

// u of a raw logit. A logit of −∞ is a masked token: capped like the others it would come back with probability.
RLHF_DEVICE float transformed(const LogitScale& scale, float logit) {
  if (scale.cap == 0.0f || logit == -infinity()) {
    return logit;
  }
  return scale.cap * tanhf(logit * scale.inner);
}

// ---- Teams -----------------------------------------------------------------------------------------------------------

struct WarpTeam {
  static constexpr int kThreads = kWarp;

  RLHF_DEVICE int thread() const {
    return lane_id();
  }
  RLHF_DEVICE float sum(float value) const {
    return warp_sum(value);
  }
  RLHF_DEVICE float max(float value) const {
    return warp_max(value);
  }
  RLHF_DEVICE void barrier() const {
    __syncwarp(kFullWarp);
  }
};

struct BlockTeam {
  static constexpr int kThreads = kRowThreads;

  Shared<float> scratch;  // [kWarp]

  RLHF_DEVICE int thread() const {
    return static_cast<int>(threadIdx.x);
  }
  RLHF_DEVICE float sum(float value) const {
    return block_sum(value, scratch);
  }
  RLHF_DEVICE float max(float value) const {
    return block_max(value, scratch);
  }
  RLHF_DEVICE void barrier() const {
    __syncthreads();
  }
};

// ---- The sweep -------------------------------------------------------------------------------------------------------

struct RowState {
  float max, sum, weighted;
};

RLHF_DEVICE RowState empty_state() {
  return RowState{kLowest, 0.0f, 0.0f};
}

// The same sums relative to a maximum that is at least as large.
RLHF_DEVICE RowState relative_to(const RowState& state, float max, float slope_log2) {
  float shift = (state.max - max) * slope_log2, factor = exp2_approx(shift);
  return RowState{max, state.sum * factor, fmaf(fmaxf(shift, kVanished), state.sum, state.weighted) * factor};
}

// fmaxf passes a NaN over: it shows in the sum.
RLHF_DEVICE RowState merge_states(const RowState& left, const RowState& right, float slope_log2) {
  float max = fmaxf(left.max, right.max);
  RowState a = relative_to(left, max, slope_log2), b = relative_to(right, max, slope_log2);
  return RowState{max, a.sum + b.sum, a.weighted + b.weighted};
}

// What a sweep leaves behind of the row: nothing, or its packs in shared memory.
struct KeepNothing {
  template <class P>
  RLHF_DEVICE void operator()(int, const P&) const {
  }
};

template <class T>
struct KeepInShared {
  Shared<T> part;
  int first, packs;  // of the row

  RLHF_DEVICE void operator()(int p, const Pack<T, PackSize<T>::value>& pack) const {
    if (p < packs) {
      store_shared_pack<T, PackSize<T>::value>(part + (p - first) * PackSize<T>::value, pack);
    }
  }
};

// The state of one chunk: this thread's packs p, p + stride, … without the target.
template <bool last, bool entropy, class T, class Keep>
RLHF_DEVICE RowState measure_chunk(const RowWindow<T>& window, int p, int stride, int target, const LogitScale& scale,
                                   Keep keep) {
  constexpr int kPack = PackSize<T>::value, kChunk = kChunkPacks * kPack;
  Pack<T, kPack> pack[kChunkPacks];
  load_chunk<last>(window, p, stride, pack);
  float u[kChunk];
  float max = kLowest;
#pragma unroll
  for (int j = 0; j < kChunkPacks; j++) {
    keep(p + j * stride, pack[j]);
#pragma unroll
    for (int i = 0; i < kPack; i++) {
      u[j * kPack + i] = to_f32(pack[j].lane[i]);
    }
    const int selected = target - (p + j * stride) * kPack;
    if (selected >= 0 && selected < kPack) {
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        u[j * kPack + i] = i == selected ? -infinity() : u[j * kPack + i];
      }
    }
  }
  if (scale.cap != 0.0f) {
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
      u[i] = transformed(scale, u[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < kChunk; i++) {
    max = fmaxf(max, u[i]);
  }
  RowState state{max, 0.0f, 0.0f};
#pragma unroll
  for (int i = 0; i < kChunk; i++) {
    float a = (u[i] - max) * scale.slope_log2, e = exp2_approx(a);
    state.sum += e;
    if (entropy) {
      state.weighted = fmaf(e, fmaxf(a, kVanished), state.weighted);
    }
  }
  return state;
}

// This thread's share of the packs first … first + threads · kSegmentPacks of the row, without the target.
template <bool last, bool entropy, class T, class Team, class Keep>
RLHF_DEVICE RowState measure_segment(const RowWindow<T>& window, int first, int target, const LogitScale& scale, const Team& team,
                                     Keep keep) {
  const int packs = window.packs(), end = first + Team::kThreads * kSegmentPacks;
  RowState state = empty_state();
#pragma unroll 1
  for (int p = first + team.thread(); p < end && p < packs; p += Team::kThreads * kChunkPacks) {
    state = merge_states(state, measure_chunk<last, entropy>(window, p, Team::kThreads, target, scale, keep), scale.slope_log2);
  }
  return state;
}

// This thread's share of a row. With `last` the row is not wanted again from the cache.
template <bool last, bool entropy, class T, class Team, class Keep>
RLHF_DEVICE RowState measure_share(const RowWindow<T>& window, int target, const LogitScale& scale, const Team& team, Keep keep) {
  const int packs = window.packs();
  RowState state = empty_state();
#pragma unroll 1
  for (int first = 0; first < packs; first += Team::kThreads * kSegmentPacks) {
    state = merge_states(state, measure_segment<last, entropy>(window, first, target, scale, team, keep), scale.slope_log2);
  }
  return state;
}

struct RowStats {
  float max;       // of u
  float log_sum;   // log Σ e^(z−m)
  float scale;     // 1 / Σ e^(z−m)
  float logprob;   // of the selected token
  float entropy;   // where it was measured
  float selected;  // u of the selected token
};

// From the sums over all but the selected token, relative to the row's maximum. A row without a finite maximum gives NaN.
RLHF_DEVICE RowStats finish_row(float max, float rest, float weighted, float selected, const LogitScale& scale) {
  const float a = (selected - max) * scale.slope_log2, e = exp2_approx(a), sum = rest + e;
  RowStats stats;
  stats.selected = selected;
  if (sum == 0.0f) {
    stats.max = -infinity();
    stats.log_sum = stats.scale = stats.logprob = stats.entropy = not_a_number();
    return stats;
  }
  stats.max = max;
  stats.scale = 1.0f / sum;
  stats.log_sum = selected == max ? log1pf(rest) : logf(sum);
  stats.logprob = (selected - max) * scale.slope - stats.log_sum;
  stats.entropy = fmaf(-kLn2 * fmaf(e, fmaxf(a, kVanished), weighted), stats.scale, stats.log_sum);
  return stats;
}

// All shares of the team together; every thread gets the result.
template <class Team>
RLHF_DEVICE RowStats combine_shares(const RowState& share, float selected, const LogitScale& scale, const Team& team) {
  const float max = fmaxf(team.max(share.max), selected);
  RowState state = relative_to(share, max, scale.slope_log2);
  const float rest = team.sum(state.sum), weighted = team.sum(state.weighted);
  return finish_row(max, rest, weighted, selected, scale);
}

// The statistics of a row whose target lies within it.
template <bool last, class T, class Team, class Keep>
RLHF_DEVICE RowStats measure_row(const T* row, int vocab, int target, bool entropy, const LogitScale& scale, const Team& team,
                                 Keep keep) {
  const RowWindow<T> window = window_of(row, vocab);
  const float selected = transformed(scale, to_f32(load(row + target)));
  RowState share = entropy ? measure_share<last, true>(window, target, scale, team, keep)
                           : measure_share<last, false>(window, target, scale, team, keep);
  return combine_shares(share, selected, scale, team);
}
