// K-way reward loss: all ordered pairs of a group are one element,
// loss = sum_groups (1 / pairs) sum_(better, worse) -log p(r_better - r_worse) / normalizer; ties give no pair.
// Shapes: rewards, ranks, gradient [M]; offsets [G + 1]; statistics [8]. A warp per group: each lane holds one item and meets all
// others by shuffles, so each pair is compared from both sides and no gradient is shared. Groups beyond 32 items go by tiles.
// 8 bytes read and 4 written an item. Bad offsets poison the loss and set the error word. Launched by RankingLossCuda.
#include "common/rlhf.cuh"
#include "preference/preference_step.cuh"

struct RankingLossParams {
  Matrix<const float> rewards;
  Matrix<const int> ranks;
  Matrix<const int> group_offsets;
  Matrix<float> grad_rewards;
  Matrix<float> stats;
  GridPartials partials;
  unsigned long long* error;
  int items;
  int groups;
  int weigh_pairs;
  float noise;
  float normalizer;
};

// One lane's item of a tile; lanes beyond the group hold none.
struct RankedItem {
  float reward;
  int rank;
};

RLHF_DEVICE RankedItem load_item(const RankingLossParams& params, int item, int end) {
  if (item >= end) {
    return RankedItem{0, 0};
  }
  return RankedItem{load(row_of(params.rewards, item)), load(row_of(params.ranks, item))};
}

// Ordered pairs of the group whose better item is one of this lane's.
RLHF_DEVICE int count_pairs(const RankingLossParams& params, int begin, int end) {
  int pairs = 0;
  for (int tile = begin; tile < end; tile += kWarp) {
    const int own = tile + lane_id();
    const int own_rank = load_item(params, own, end).rank;
    for (int other_tile = begin; other_tile < end; other_tile += kWarp) {
      const int others = end - other_tile < kWarp ? end - other_tile : kWarp;
      const int other_rank = load_item(params, other_tile + lane_id(), end).rank;
      for (int j = 0; j < others; j++) {
        const int rank = __shfl_sync(kFullWarp, other_rank, j);
        pairs += own < end && own_rank < rank ? 1 : 0;
      }
    }
  }
  return pairs;
}

// All lanes take part.
RLHF_DEVICE void rank_group(const RankingLossParams& params, int begin, int end, PreferenceSums& sums) {
  const int pairs = warp_sum(count_pairs(params, begin, end));
  const float share = params.weigh_pairs != 0 || pairs == 0 ? 1.0f : 1.0f / static_cast<float>(pairs);
  const float weight = share / params.normalizer;
  for (int tile = begin; tile < end; tile += kWarp) {
    const int own = tile + lane_id();
    const RankedItem item = load_item(params, own, end);
    float grad = 0;
    for (int other_tile = begin; other_tile < end; other_tile += kWarp) {
      const int others = end - other_tile < kWarp ? end - other_tile : kWarp;
      const RankedItem peer = load_item(params, other_tile + lane_id(), end);
      for (int j = 0; j < others; j++) {
        const float reward = __shfl_sync(kFullWarp, peer.reward, j);
        const int rank = __shfl_sync(kFullWarp, peer.rank, j);
        const bool better = item.rank < rank;
        if (own < end && item.rank != rank) {
          const float first = better ? item.reward : reward;
          const float second = better ? reward : item.reward;
          const Comparison step = preference_step(params.noise, first - second, 1.0f);
          grad += better ? step.grad : -step.grad;
          if (better) {
            sums.add_pair(step.loss * weight, first, second, 1.0f);
          }
        }
      }
    }
    if (own < end) {
      sums.add_reward(item.reward);
      if (given(params.grad_rewards)) {
        store(row_of(params.grad_rewards, own), grad * weight);
      }
    }
  }
}

RLHF_ENTRY(rlhf_ranking_loss_f32, RankingLossParams, kElementThreads, 3) {
  PreferenceSums sums;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  const long long group = static_cast<long long>(blockIdx.x) * warps + warp_id();
  if (group < params.groups) {
    const int begin = load(row_of(params.group_offsets, group));
    const int end = load(row_of(params.group_offsets, group + 1));
    const bool whole = (group != 0 || begin == 0) && (group != params.groups - 1 || end == params.items);
    if (whole && begin >= 0 && begin <= end && end <= params.items) {
      rank_group(params, begin, end, sums);
    } else if (lane_id() == 0) {
      sums.loss = not_a_number();
      report_error(params.error, (3ull << 32) | static_cast<unsigned long long>(group));
    }
  }
  reduce_preferences(params.partials, sums, WriteStats{params.stats, 1.0});
}
