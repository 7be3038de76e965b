// PPO from logits in one kernel: log-prob and entropy of the row, the clipped surrogate, its statistics, and its gradient to the
// raw logits (token_logprobs_forward, ppo_clip_loss and token_logprobs_backward fused; the log-probs have the first one's bits).
// logits [N, V] → grad_logits [N, V] of any pitches, in place where the caller passes one memory for both; statistics 9 × 8 bytes
// a block. A block a row; a warp for V ≤ kShortRow. One read and one write, 2·V·b bytes a row, where the row fits a block's
// shared memory, or the rows in flight fit L2 (108 × 256 KB of 40 MB); else 3·V·b. Called by PpoFromLogitsCuda and the fused
// head.
#include "common/rlhf.cuh"
#include "policy/ppo_row.cuh"

template <class T, class Team>
RLHF_DEVICE void ppo_from_logits_row(const PpoFromLogitsParams<T>& params, long long row, bool in_shared, const Team& team,
                                     PpoRowSums& sums) {
  const PpoRow<T, Team> ppo{params, team, sums, row, team.thread() == 0};
  if (ppo.skipped()) {
    fill_row(ppo.to(), params.vocab, ppo.fill(), team.thread(), Team::kThreads);
  } else {
    measure_and_differentiate(row_of(params.logits, row), params.vocab, load(row_of(params.targets, row)),
                              ppo_wants_entropy(params), in_shared, scale_of(params), team, ppo);
  }
}

template <class T>
RLHF_DEVICE void ppo_from_logits_block(const PpoFromLogitsParams<T>& params) {
  RLHF_SHARED(float, scratch, kWarp);
  PpoRowSums sums = no_ppo_row();
  const long long row = blockIdx.x;
  if (row < params.rows) {
    ppo_from_logits_row(params, row, params.row_in_shared != 0, BlockTeam{scratch}, sums);
  }
  finish_ppo_rows(sums.sums, sums.weight, 1, params.grid, params.stats);
}

template <class T>
RLHF_DEVICE void ppo_from_logits_warp(const PpoFromLogitsParams<T>& params) {
  const long long row = static_cast<long long>(blockIdx.x) * (kShortRowThreads / kWarp) + warp_id();
  PpoRowSums sums = no_ppo_row();
  if (row < params.rows) {
    ppo_from_logits_row(params, row, false, WarpTeam(), sums);
  }
  finish_ppo_rows(sums.sums, sums.weight, kShortRowThreads / kWarp, params.grid, params.stats);
}

RLHF_ENTRY(rlhf_ppo_from_logits_f32, PpoFromLogitsParams<float>, kRowThreads, 1) {
  ppo_from_logits_block(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_bf16, PpoFromLogitsParams<bf16>, kRowThreads, 1) {
  ppo_from_logits_block(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_f16, PpoFromLogitsParams<f16>, kRowThreads, 1) {
  ppo_from_logits_block(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_warp_f32, PpoFromLogitsParams<float>, kShortRowThreads, 4) {
  ppo_from_logits_warp(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_warp_bf16, PpoFromLogitsParams<bf16>, kShortRowThreads, 4) {
  ppo_from_logits_warp(params);
}

RLHF_ENTRY(rlhf_ppo_from_logits_warp_f16, PpoFromLogitsParams<f16>, kShortRowThreads, 4) {
  ppo_from_logits_warp(params);
}
