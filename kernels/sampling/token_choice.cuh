// Truncation and drawing on one row whose maximum is known. The kept tokens are those with u of at least a threshold, found by
// bisection over the bit patterns of f32 (ordered as the numbers are): at most 32 sweeps, no sort, no memory.
#pragma once

#include "sequence/softmax_row.cuh"

constexpr int kNoToken = 0x7FFFFFFF;

// ---- Teams: what drawing needs beside sums and maxima --------------------------------------------------------------------

RLHF_DEVICE double warp_before(double value) {
  double total = value;
#pragma unroll
  for (int distance = 1; distance < kWarp; distance *= 2) {
    double left = __shfl_up_sync(kFullWarp, total, distance);
    total += lane_id() >= distance ? left : 0.0;
  }
  return total - value;
}

struct WarpDraw {
  static constexpr int kThreads = kWarp;

  WarpTeam row;

  RLHF_DEVICE int lowest(int token) const {
    return warp_reduce(token, Min());
  }
  RLHF_DEVICE int highest(int token) const {
    return warp_reduce(token, Max());
  }
  // Sum over the threads before this one.
  RLHF_DEVICE double before(double value) const {
    return warp_before(value);
  }
};

struct BlockDraw {
  static constexpr int kThreads = kRowThreads;

  BlockTeam row;
  Shared<int> tokens;     // [kWarp]
  Shared<double> masses;  // [kWarp]

  RLHF_DEVICE int lowest(int token) const {
    return block_reduce(token, tokens, kNoToken, Min());
  }
  RLHF_DEVICE int highest(int token) const {
    return block_reduce(token, tokens, -1, Max());
  }
  RLHF_DEVICE double before(double value) const {
    const double within = warp_before(value);
    if (lane_id() == kWarp - 1) {
      masses[warp_id()] = within + value;
    }
    __syncthreads();
    const double all = masses[lane_id()];
    const double warps = warp_sum(lane_id() < warp_id() ? all : 0.0);
    __syncthreads();
    return warps + within;
  }
};

// ---- Sweeps --------------------------------------------------------------------------------------------------------------

struct Kept {
  float count, mass;
};

template <class T, class Team>
struct TokenChoice {
  RowWindow<T> window;
  LogitScale scale;
  float max, threshold;
  const Team& team;

  static constexpr int kPack = PackSize<T>::value;

  RLHF_DEVICE float mass_of(float u) const {
    return exp2_approx((u - max) * scale.slope_log2);
  }

  RLHF_DEVICE Kept pack_above(int p, float border) const {
    Pack<T, kPack> pack = load_window<false>(window, p);
    Kept kept{0.0f, 0.0f};
#pragma unroll
    for (int i = 0; i < kPack; i++) {
      const float u = transformed(scale, to_f32(pack.lane[i]));
      // Beyond the end of the row stands −∞, which is a token's as well.
      const bool keep = u >= border && p * kPack + i < window.length;
      kept.count += keep ? 1.0f : 0.0f;
      kept.mass += keep ? mass_of(u) : 0.0f;
    }
    return kept;
  }

  // Number and mass of the tokens at or above a threshold; counts are exact up to 2^24.
  RLHF_DEVICE Kept above(float border) const {
    const int packs = window.packs();
    Kept total{0.0f, 0.0f};
#pragma unroll 1
    for (int p = team.row.thread(); p < packs; p += Team::kThreads) {
      const Kept kept = pack_above(p, border);
      total.count += kept.count;
      total.mass += kept.mass;
    }
    return Kept{team.row.sum(total.count), team.row.sum(total.mass)};
  }

  // Bit patterns as integers in the order of the numbers; its own inverse.
  RLHF_DEVICE static int key_of(float value) {
    const int bits = static_cast<int>(__float_as_uint(value));
    return bits ^ ((bits >> 31) & 0x7FFFFFFF);
  }
  RLHF_DEVICE static float from_key(int key) {
    return __uint_as_float(static_cast<unsigned>(key ^ ((key >> 31) & 0x7FFFFFFF)));
  }

  // The largest threshold whose count (or mass) still reaches the goal; at `floor` it does, with `count` tokens.
  RLHF_DEVICE float bisect(float floor, float count, double goal, bool by_mass) const {
    long long low = key_of(floor), high = key_of(max) + 1ll;
    float count_at_high = 0.0f;
    // One token more or less: the two sets have no third between them.
#pragma unroll 1
    while (high - low > 1 && count - count_at_high > 1.0f) {
      const long long middle = low + (high - low) / 2;
      const Kept kept = above(from_key(static_cast<int>(middle)));
      if ((by_mass ? kept.mass : kept.count) >= goal) {
        low = middle;
        count = kept.count;
      } else {
        high = middle;
        count_at_high = kept.count;
      }
    }
    return from_key(static_cast<int>(low));
  }

  // Keeps the `top_k` largest (0: all), then the smallest set that reaches `top_p` of their mass.
  RLHF_DEVICE void truncate(int top_k, float top_p) {
    if (top_k > 0 && top_k < window.length) {
      threshold = bisect(threshold, static_cast<float>(window.length), top_k, false);
    }
    if (top_p < 1.0f) {
      // Nothing that far below the maximum has mass, so the search begins there at the latest.
      const float floor = fmaxf(threshold, max - 128.0f / scale.slope_log2);
      const Kept kept = above(floor);
      threshold = bisect(floor, kept.count, static_cast<double>(top_p) * kept.mass, true);
    }
  }

  // The mass of a tile: one pack a thread, neighbours by neighbouring threads. The same bits in every sweep.
  RLHF_DEVICE float tile_mass(int first) const {
    const int p = first + team.row.thread();
    return team.row.sum(p < window.packs() ? pack_above(p, threshold).mass : 0.0f);
  }

  // Mass of the kept tokens, in the order in which a draw walks them.
  RLHF_DEVICE double total_mass() const {
    const int packs = window.packs();
    double total = 0;
#pragma unroll 1
    for (int first = 0; first < packs; first += Team::kThreads) {
      total += tile_mass(first);
    }
    return total;
  }

  // The first token, in vocabulary order, at which the cumulative mass exceeds `left`.
  RLHF_DEVICE int draw(double left) const {
    const int packs = window.packs();
    int last = 0;
#pragma unroll 1
    for (int first = 0; first < packs; first += Team::kThreads) {
      const float mass = tile_mass(first);
      if (mass > left) {
        return draw_within(first, left);
      }
      last = mass > 0.0f ? first : last;
      left -= mass;
    }
    // Rounding may leave a crumb after the last tile: it falls to the last token that has any mass.
    return draw_within(last, infinity());
  }

  RLHF_DEVICE int draw_within(int first, double left) const {
    const int p = first + team.row.thread();
    const bool inside = p < window.packs();
    const double before = team.before(inside ? pack_above(p, threshold).mass : 0.0f);
    Pack<T, kPack> pack = load_window<false>(window, p);
    double reached = before;
    int drawn = kNoToken, last = -1;
#pragma unroll
    for (int i = 0; i < kPack; i++) {
      const float u = transformed(scale, to_f32(pack.lane[i])), mass = mass_of(u);
      const bool counts = u >= threshold && mass > 0.0f && p * kPack + i < window.length;
      reached += counts ? mass : 0.0f;
      last = counts ? p * kPack + i : last;
      drawn = counts && reached > left && drawn == kNoToken ? p * kPack + i : drawn;
    }
    drawn = team.lowest(drawn);
    last = team.highest(last);
    return drawn == kNoToken ? last : drawn;
  }

  // The lowest token with the maximum.
  RLHF_DEVICE int greedy() const {
    const int packs = window.packs();
    int found = kNoToken;
#pragma unroll 1
    for (int p = team.row.thread(); p < packs; p += Team::kThreads) {
      Pack<T, kPack> pack = load_window<false>(window, p);
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        const bool here = transformed(scale, to_f32(pack.lane[i])) == max && p * kPack + i < window.length;
        found = here && found == kNoToken ? p * kPack + i : found;
      }
    }
    return team.lowest(found);
  }
};
