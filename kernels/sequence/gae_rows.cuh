// GAE over [B, T] (a row is a sequence). A row belongs to one warp (short T) or to several; each lane holds four consecutive
// steps. Tiles of the row go from its end to its beginning: the steps of a lane are chained by FMA, the lanes' maps are composed
// by a scan over the warp and over the row's warps, and the advantage and value that flow into the tile before stay in registers.
// The order depends on T alone.
#pragma once

constexpr int kSteps = 4;

// A lane's four steps; those beyond the row count for nothing.
struct GaeTile {
  float reward[kSteps], value[kSteps], ending[kSteps];
  unsigned mask, dones, truncations;
};

RLHF_DEVICE void load_steps(const Matrix<const float>& from, long long row, int t, int count, bool packed, float (&to)[kSteps]) {
  if (packed) {
    const Pack<float, kSteps> pack = load_lanes<kSteps>(from, row, t);
#pragma unroll
    for (int i = 0; i < kSteps; i++) {
      to[i] = pack.lane[i];
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < kSteps; i++) {
    to[i] = i < count ? load(row_of(from, row) + t + i) : 0.0f;
  }
}

RLHF_DEVICE void store_steps(const Matrix<float>& to, long long row, int t, int count, bool packed, const float (&from)[kSteps]) {
  if (packed) {
    store_pack<float, kSteps>(row_of(to, row) + t, Pack<float, kSteps>{{from[0], from[1], from[2], from[3]}});
    return;
  }
#pragma unroll
  for (int i = 0; i < kSteps; i++) {
    if (i < count) {
      store(row_of(to, row) + t + i, from[i]);
    }
  }
}

RLHF_DEVICE unsigned load_step_flags(const Matrix<const unsigned char>& from, long long row, int t, int count, bool packed) {
  if (!given(from)) {
    return 0;
  }
  if (packed) {
    return load_flags<kSteps>(from, row, t);
  }
  unsigned flags = 0;
#pragma unroll
  for (int i = 0; i < kSteps; i++) {
    flags |= i < count ? static_cast<unsigned>(load(row_of(from, row) + t + i)) << (8 * i) : 0u;
  }
  return flags;
}

RLHF_DEVICE GaeTile load_tile(const GaeParams& params, long long row, int t, int count, bool packed) {
  GaeTile tile;
  load_steps(params.rewards, row, t, count, packed, tile.reward);
  load_steps(params.values, row, t, count, packed, tile.value);
  tile.mask = load_step_flags(params.mask, row, t, count, packed);
  tile.dones = load_step_flags(params.dones, row, t, count, packed);
  tile.truncations = load_step_flags(params.truncations, row, t, count, packed);
#pragma unroll
  for (int i = 0; i < kSteps; i++) {
    tile.ending[i] = 0;
  }
  if (given(params.truncations)) {
    load_steps(params.truncation_values, row, t, count, packed, tile.ending);
  }
  return tile;
}

// What the warps of a block tell each other about their parts of a tile, in order of time.
struct WarpResults {
  Shared<float> value, decay, delta;
  Shared<int> shows;
};

// The value that the steps after this lane's show to it, and at the end the value that the tile shows to the tile before.
// A lane whose steps are all skipped shows what it sees.
RLHF_DEVICE float next_value(const WarpResults& all, int first_warp, int warps, float value, bool shows, float& carry) {
  const unsigned showing = __ballot_sync(kFullWarp, shows);
  float seen = carry;
  if (warps > 1) {
    const float first = __shfl_sync(kFullWarp, value, showing != 0 ? __ffs(showing) - 1 : 0);
    if (lane_id() == 0) {
      all.value[warp_id()] = first;
      all.shows[warp_id()] = showing != 0 ? 1 : 0;
    }
    __syncthreads();
    for (int warp = first_warp + warps - 1; warp >= first_warp; warp--) {
      seen = warp == warp_id() ? carry : seen;
      carry = all.shows[warp] != 0 ? static_cast<float>(all.value[warp]) : carry;
    }
  }
  const unsigned after = lane_id() == kWarp - 1 ? 0u : showing >> (lane_id() + 1);
  const float neighbour = __shfl_sync(kFullWarp, value, (lane_id() + (after != 0 ? __ffs(after) : 0)) % kWarp);
  if (warps == 1) {
    const float first = __shfl_sync(kFullWarp, value, showing != 0 ? __ffs(showing) - 1 : 0);
    carry = showing != 0 ? first : carry;
  }
  return after != 0 ? neighbour : seen;
}

// The advantage that follows this lane's steps, whose composition is `own`; `carry` becomes the advantage at the tile's
// beginning.
RLHF_DEVICE float next_advantage(const WarpResults& all, int first_warp, int warps, GaeMap own, float& carry) {
#pragma unroll
  for (int distance = 1; distance < kWarp; distance *= 2) {
    const GaeMap later{__shfl_down_sync(kFullWarp, own.decay, distance), __shfl_down_sync(kFullWarp, own.delta, distance)};
    own = lane_id() + distance < kWarp ? own.after(later) : own;
  }
  float seen = carry;
  if (warps > 1) {
    if (lane_id() == 0) {
      all.decay[warp_id()] = own.decay;
      all.delta[warp_id()] = own.delta;
    }
    __syncthreads();
    for (int warp = first_warp + warps - 1; warp >= first_warp; warp--) {
      seen = warp == warp_id() ? carry : seen;
      carry = GaeMap{all.decay[warp], all.delta[warp]}.at(carry);
    }
  } else {
    carry = GaeMap{__shfl_sync(kFullWarp, own.decay, 0), __shfl_sync(kFullWarp, own.delta, 0)}.at(carry);
  }
  const GaeMap after{__shfl_down_sync(kFullWarp, own.decay, 1), __shfl_down_sync(kFullWarp, own.delta, 1)};
  return lane_id() == kWarp - 1 ? seen : after.at(seen);
}

RLHF_DEVICE void gae_rows(const GaeParams& params) {
  RLHF_SHARED(float, warp_values, kWarp);
  RLHF_SHARED(float, warp_decays, kWarp);
  RLHF_SHARED(float, warp_deltas, kWarp);
  RLHF_SHARED(int, warp_shows, kWarp);
  const WarpResults all{warp_values, warp_decays, warp_deltas, warp_shows};
  const int warps = params.warps_per_row;
  const int rows_per_block = static_cast<int>(blockDim.x) / kWarp / warps;
  const int first_warp = warp_id() / warps * warps;
  const long long row = static_cast<long long>(blockIdx.x) * rows_per_block + warp_id() / warps;
  const bool has_row = row < params.rows;
  const int tile_steps = warps * kWarp * kSteps;
  const int lane_start = ((warp_id() - first_warp) * kWarp + lane_id()) * kSteps;

  // Warps without a row meet the barriers of the others.
  float carried_advantage = 0;
  float carried_value = has_row ? last_value(params, row) : 0.0f;
  for (int start = (params.cols - 1) / tile_steps * tile_steps; start >= 0; start -= tile_steps) {
    const int t = start + lane_start;
    const int left = has_row ? params.cols - t : 0;
    const int count = left < 0 ? 0 : left < kSteps ? left : kSteps;
    const bool packed = params.packed != 0 && count == kSteps;
    GaeTile tile = load_tile(params, row, t, count, packed);

    // The first of the lane's steps that is not skipped is what the lane shows.
    float shown = 0;
    bool shows = false;
#pragma unroll
    for (int i = kSteps - 1; i >= 0; i--) {
      const bool here = i < count && (params.mask_mode != kMaskSkip || flag_at(tile.mask, i));
      shown = here ? shown_value(params.mask_mode, flag_at(tile.mask, i), tile.value[i], 0.0f) : shown;
      shows = shows || here;
    }
    float next = next_value(all, first_warp, warps, shown, shows, carried_value);

    GaeMap own{1.0f, 0.0f};
    GaeMap steps[kSteps];
#pragma unroll
    for (int i = kSteps - 1; i >= 0; i--) {
      const GaeFlags flags{flag_at(tile.mask, i), flag_at(tile.dones, i), flag_at(tile.truncations, i)};
      tile.value[i] = i < count ? shown_value(params.mask_mode, flags.counted, tile.value[i], next) : next;
      steps[i] = i < count ? gae_step(params, flags, tile.reward[i], tile.value[i], next, tile.ending[i]) : GaeMap{1.0f, 0.0f};
      own = steps[i].after(own);
      next = tile.value[i];
    }
    float advantage = next_advantage(all, first_warp, warps, own, carried_advantage);
#pragma unroll
    for (int i = kSteps - 1; i >= 0; i--) {
      advantage = steps[i].at(advantage);
      tile.reward[i] = advantage;
      tile.value[i] = advantage + tile.value[i];
    }
    store_steps(params.advantages, row, t, count, packed, tile.reward);
    store_steps(params.returns, row, t, count, packed, tile.value);
  }
}
