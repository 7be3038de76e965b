// Clipped policy loss from log-probs, with its gradient (Schulman et al. 2017, eq. 7):
//   ratio = exp(logprob − old), loss = Σ_b weight[b] Σ_t mask · max(−A ratio, −A clip(ratio)) / normalizer.
// [B, T] rows of any stride; the host passes a dense batch as one row. Blocks: rows × chunks of a row.
// One pass. Bytes a token: 12 read (+1 mask), 4 written; statistics 9 × 8 a block, combined by the last block to finish.
// Called by PpoClipLossCuda.
#include "common/rlhf.cuh"
#include "policy/ppo_step.cuh"

struct PpoClipLossParams {
  Matrix<const float> logprobs;
  Matrix<const float> old_logprobs;
  Matrix<const float> advantages;
  Matrix<const unsigned char> mask;
  Matrix<const float> row_weights;
  Matrix<float> grad_logprobs;
  Matrix<float> stats;
  GridPartials grid;
  long long cols;
  int chunk;
  int chunks_a_row;
  float clip_low;
  float clip_high;
  float dual_clip;
  float log_ratio_limit;
  float normalizer;
};

// One chunk of one row.
struct PpoClipSpan {
  const float* logprobs;
  const float* old_logprobs;
  const float* advantages;
  const unsigned char* mask;
  float* grad;
};

RLHF_DEVICE void ppo_clip_token(const PpoClipSpan& span, const PpoClip& clip, float weight, int i, PpoSums& sums) {
  float grad = 0.0f;
  if (span.mask == nullptr || load(span.mask + i) != 0) {
    grad = ppo_step(clip, load(span.logprobs + i), load(span.old_logprobs + i), load(span.advantages + i), sums) * weight;
  }
  if (span.grad != nullptr) {
    store(span.grad + i, grad);
  }
}

// Four tokens whose log-probs, advantages and gradients are one access each.
RLHF_DEVICE void ppo_clip_pack(const PpoClipSpan& span, const PpoClip& clip, float weight, int i, PpoSums& sums) {
  const Pack<float, 4> logprobs = load_pack_last<float, 4>(span.logprobs + i);
  const Pack<float, 4> old_logprobs = load_pack_last<float, 4>(span.old_logprobs + i);
  const Pack<float, 4> advantages = load_pack_last<float, 4>(span.advantages + i);
  Pack<float, 4> grad;
#pragma unroll
  for (int lane = 0; lane < 4; lane++) {
    grad.lane[lane] = 0.0f;
    if (span.mask == nullptr || load(span.mask + i + lane) != 0) {
      grad.lane[lane] = ppo_step(clip, logprobs.lane[lane], old_logprobs.lane[lane], advantages.lane[lane], sums) * weight;
    }
  }
  if (span.grad != nullptr) {
    store_pack_streaming<float, 4>(span.grad + i, grad);
  }
}

RLHF_DEVICE void ppo_clip_loss(const PpoClipLossParams& params) {
  const long long row = blockIdx.x / params.chunks_a_row;
  const long long begin = static_cast<long long>(blockIdx.x % params.chunks_a_row) * params.chunk;
  const long long left = params.cols - begin;
  const int count = static_cast<int>(left < params.chunk ? left : params.chunk);
  const PpoClip clip = {params.clip_low, params.clip_high, params.dual_clip, params.log_ratio_limit};
  PpoSums sums = no_ppo_sums();
  float weight = 0.0f;
  if (count > 0) {
    weight = (given(params.row_weights) ? load(row_of(params.row_weights, row)) : 1.0f) / params.normalizer;
    const PpoClipSpan span = {
        row_of(params.logprobs, row) + begin, row_of(params.old_logprobs, row) + begin, row_of(params.advantages, row) + begin,
        given(params.mask) ? row_of(params.mask, row) + begin : nullptr,
        given(params.grad_logprobs) ? row_of(params.grad_logprobs, row) + begin : nullptr};
    // Packs begin where the log-probs are aligned; the other arrays must be aligned alike.
    const RowSplit split = split_row(span.logprobs, count);
    const unsigned long long phase = address_of(span.logprobs) % 16;
    const bool alike = address_of(span.old_logprobs) % 16 == phase && address_of(span.advantages) % 16 == phase &&
                       (span.grad == nullptr || address_of(span.grad) % 16 == phase);
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    const int packed = alike ? split.packs * 4 : 0;
    const int head = alike ? split.head : 0;
    for (int i = thread; i < head; i += threads) {
      ppo_clip_token(span, clip, weight, i, sums);
    }
#pragma unroll 1
    for (int i = head + thread * 4; i < head + packed; i += threads * 4) {
      ppo_clip_pack(span, clip, weight, i, sums);
    }
    for (int i = head + packed + thread; i < count; i += threads) {
      ppo_clip_token(span, clip, weight, i, sums);
    }
  }
  finish_ppo_stats(sums, weight, params.grid, params.stats);
}

RLHF_ENTRY(rlhf_ppo_clip_loss_f32, PpoClipLossParams, kElementThreads, 4) {
  ppo_clip_loss(params);
}
