// ppo_from_logits for rows that exceed one block's shared memory: a cluster of blocks takes a row, each keeps its slice of it in
// shared memory, and they exchange sums over distributed shared memory. One read and one write of DRAM, 2·V·b bytes a row. sm_90
// and newer.
//
// The bits are those of one block: a slice is whole segments, the unit that one block sums on its own as well; each thread's
// states of all segments are folded in the row's order, every warp's by one of the cluster's blocks; and the warps' sums are
// added as one block adds them. Grid: rows × blocks of a cluster. Dynamic shared memory: slices of `segments` × (64 KiB + 12 KiB
// of states). Called by PpoFromLogitsCuda.
#include "common/rlhf.cuh"
#include "policy/ppo_row.cuh"

constexpr int kSegmentOfBlock = kRowThreads * kSegmentPacks;
constexpr int kSegmentBytes = kSegmentOfBlock * 16;

struct ClusterTeam {
  RLHF_DEVICE void barrier() const {
    cluster_sync();
  }
};

// This block's slice of a row: packs first … end − 1, the same number of segments in each block but the last ones.
struct ClusterSlice {
  int rank, blocks, segments, all_segments, first, end;
};

template <class T>
RLHF_DEVICE ClusterSlice cluster_slice(int vocab) {
  const int packs = ceil_div(vocab, PackSize<T>::value);
  ClusterSlice slice;
  slice.rank = static_cast<int>(cluster_rank());
  slice.blocks = static_cast<int>(cluster_size());
  slice.all_segments = ceil_div(packs, kSegmentOfBlock);
  slice.segments = ceil_div(slice.all_segments, slice.blocks);
  const int first = slice.rank * slice.segments * kSegmentOfBlock, end = first + slice.segments * kSegmentOfBlock;
  slice.first = first < packs ? first : packs;
  slice.end = end < packs ? end : packs;
  return slice;
}

// Component c of this thread's state of the slice's segment s.
RLHF_DEVICE int state_at(int s, int c, int thread) {
  return (s * 3 + c) * kRowThreads + thread;
}

RLHF_DEVICE void store_state(Shared<float> states, int s, int thread, const RowState& state) {
  states[state_at(s, 0, thread)] = state.max;
  states[state_at(s, 1, thread)] = state.sum;
  states[state_at(s, 2, thread)] = state.weighted;
}

// The fold of one thread's states over all segments, from the shared memory of the blocks that have them.
RLHF_DEVICE RowState fold_states(Shared<float> states, const ClusterSlice& slice, int thread, float slope_log2) {
  RowState state = empty_state();
#pragma unroll 1
  for (int segment = 0; segment < slice.all_segments; segment++) {
    const unsigned rank = static_cast<unsigned>(segment / slice.segments);
    const int s = segment % slice.segments;
    const RowState next{cluster_read(states + state_at(s, 0, thread), rank), cluster_read(states + state_at(s, 1, thread), rank),
                        cluster_read(states + state_at(s, 2, thread), rank)};
    state = merge_states(state, next, slope_log2);
  }
  return state;
}

template <class T>
RLHF_DEVICE RowStats measure_in_cluster(const PpoFromLogitsParams<T>& params, long long row, const ClusterSlice& slice,
                                        Shared<T> part, Shared<float> states) {
  RLHF_SHARED(float, scratch, kWarp);
  RLHF_SHARED(float, block_maximum, 1);
  RLHF_SHARED(float, warp_sums, kWarp);
  RLHF_SHARED(float, warp_weighted, kWarp);
  const LogitScale scale = scale_of(params);
  const BlockTeam team{scratch};
  const int thread = team.thread(), target = load(row_of(params.targets, row));
  const RowWindow<T> window = window_of(row_of(params.logits, row), params.vocab);
  const KeepInShared<T> keep{part, slice.first, slice.end};
  const bool entropy = ppo_wants_entropy(params);
  float max = kLowest;
#pragma unroll 1
  for (int s = 0; s < slice.segments; s++) {
    const int first = slice.first + s * kSegmentOfBlock;
    const RowState state = entropy ? measure_segment<true, true>(window, first, target, scale, team, keep)
                                   : measure_segment<true, false>(window, first, target, scale, team, keep);
    store_state(states, s, thread, state);
    max = fmaxf(max, state.max);
  }
  max = team.max(max);
  if (thread == 0) {
    block_maximum[0] = max;
  }
  cluster_sync();
  const float selected = transformed(scale, to_f32(load(window.row + target)));
  const int lane = lane_id();
  max = fmaxf(warp_max(lane < slice.blocks ? cluster_read(block_maximum, lane) : kLowest), selected);
  const int warp = slice.rank + warp_id() * slice.blocks;
  if (warp < kWarp) {
    RowState state = relative_to(fold_states(states, slice, warp * kWarp + lane, scale.slope_log2), max, scale.slope_log2);
    state.sum = warp_sum(state.sum);
    state.weighted = warp_sum(state.weighted);
    if (lane == 0) {
      warp_sums[warp] = state.sum;
      warp_weighted[warp] = state.weighted;
    }
  }
  cluster_sync();
  const unsigned owner = static_cast<unsigned>(lane % slice.blocks);
  const float rest = warp_sum(cluster_read(warp_sums + lane, owner));
  const float weighted = warp_sum(cluster_read(warp_weighted + lane, owner));
  return finish_row(max, rest, weighted, selected, scale);
}

template <class T>
RLHF_DEVICE void ppo_from_logits_cluster(const PpoFromLogitsParams<T>& params) {
  constexpr int kPack = PackSize<T>::value;
  const ClusterSlice slice = cluster_slice<T>(params.vocab);
  const long long row = blockIdx.x / static_cast<unsigned>(slice.blocks);
  const int thread = static_cast<int>(threadIdx.x);
  const int begin = slice.first * kPack < params.vocab ? slice.first * kPack : params.vocab;
  const int end = slice.end * kPack < params.vocab ? slice.end * kPack : params.vocab;
  PpoRowSums sums = no_ppo_row();
  if (row < params.rows) {
    const ClusterTeam team{};
    const PpoRow<T, ClusterTeam> ppo{params, team, sums, row, slice.rank == 0 && thread == 0};
    if (ppo.skipped()) {
      fill_row(ppo.to() + begin, end - begin, ppo.fill(), thread, kRowThreads);
    } else {
      const Shared<T> part = dynamic_shared<T>();
      const Shared<float> states = dynamic_shared<float>(slice.segments * kSegmentBytes);
      // The barrier within lets no block go on, or end, before its peers have read its sums and the selected logit.
      const RowGradient gradient = ppo(measure_in_cluster(params, row, slice, part, states));
      write_gradient_from_shared(part, ppo.to(), begin, end - begin, gradient, thread, kRowThreads);
    }
  }
  if (slice.rank != 0) {
    sums = no_ppo_row();
  }
  finish_ppo_rows(sums.sums, sums.weight, 1, params.grid, params.stats);
}

RLHF_ENTRY(rlhf_ppo_from_logits_cluster_f32, PpoFromLogitsParams<float>, kRowThreads, 1) {
  ppo_from_logits_cluster(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_cluster_bf16, PpoFromLogitsParams<bf16>, kRowThreads, 1) {
  ppo_from_logits_cluster(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_cluster_f16, PpoFromLogitsParams<f16>, kRowThreads, 1) {
  ppo_from_logits_cluster(params);
}
