// The clipped surrogate of one token and its sums: the one place where its branches stand. ppo_clip_loss, ppo_from_logits and the
// fused head use it; PpoClipStep.cs is the processor's.
#pragma once

// The ratio's bounds 1 − low and 1 + high; the dual clip, 0 for none; the bound of the log-ratio.
struct PpoClip {
  float low, high, dual, limit;
};

// Order of PpoClipStats.
enum PpoStat { kLoss, kCount, kClipped, kDualClipped, kApproxKl, kKl, kRatioSum, kRatioMax, kEntropy, kPpoStats };

// Sums over tokens in f32: a thread adds up few.
struct PpoSums {
  float loss, count, clipped, dual_clipped, approx_kl, kl, ratio_sum, ratio_max, entropy;
};

RLHF_DEVICE PpoSums no_ppo_sums() {
  return PpoSums{0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
}

// Adds a counted token to the sums; gives d loss / d logprob, both before weight and normaliser.
RLHF_DEVICE float ppo_step(const PpoClip& clip, float logprob, float old_logprob, float advantage, PpoSums& sums) {
  float d = logprob - old_logprob;
  float ratio = expf(at_most(at_least(d, -clip.limit), clip.limit));
  float unclipped = -advantage * ratio;
  float clipped = -advantage * clamp(ratio, clip.low, clip.high);
  // Of two equal branches the unclipped one is taken: the gradient flows.
  bool clipped_wins = clipped > unclipped;
  float loss = clipped_wins ? clipped : unclipped;
  float grad = clipped_wins || fabsf(d) > clip.limit ? 0.0f : unclipped;
  if (clip.dual != 0.0f && advantage < 0.0f && loss > -advantage * clip.dual) {
    loss = -advantage * clip.dual;
    grad = 0.0f;
    sums.dual_clipped += 1.0f;
  }
  sums.loss += loss;
  sums.count += 1.0f;
  sums.clipped += clipped_wins ? 1.0f : 0.0f;
  sums.approx_kl = fmaf(d * d, 0.5f, sums.approx_kl);
  sums.kl -= d;
  sums.ratio_sum += ratio;
  sums.ratio_max = Max()(sums.ratio_max, ratio);
  return grad;
}

// How the statistics of blocks combine.
struct PpoStatistics {
  RLHF_DEVICE double identity(int) const {
    return 0;
  }
  RLHF_DEVICE double combine(int i, double left, double right) const {
    return i == kRatioMax ? Max()(left, right) : left + right;
  }
};

struct WritePpoStats {
  Matrix<float> stats;

  RLHF_DEVICE void operator()(int i, double total) const {
    store(row_of(stats, i), static_cast<float>(total));
  }
};

// `weight` is what all losses in the sums are multiplied by.
RLHF_DEVICE void ppo_statistics(const PpoSums& sums, float weight, double (&values)[kPpoStats]) {
  values[kLoss] = static_cast<double>(sums.loss) * weight;
  values[kCount] = sums.count;
  values[kClipped] = sums.clipped;
  values[kDualClipped] = sums.dual_clipped;
  values[kApproxKl] = sums.approx_kl;
  values[kKl] = sums.kl;
  values[kRatioSum] = sums.ratio_sum;
  values[kRatioMax] = sums.ratio_max;
  values[kEntropy] = sums.entropy;
}

// Ends a launch whose threads have sums of their own. Every thread of every block calls it.
RLHF_DEVICE void finish_ppo_stats(const PpoSums& sums, float weight, const GridPartials& grid, const Matrix<float>& stats) {
  double values[kPpoStats];
  ppo_statistics(sums, weight, values);
  grid_reduce(grid, values, PpoStatistics(), WritePpoStats{stats});
}

// Ends a launch where the first `leaders` warps of a block have one token each.
RLHF_DEVICE void finish_ppo_rows(const PpoSums& sums, float weight, int leaders, const GridPartials& grid,
                                 const Matrix<float>& stats) {
  double values[kPpoStats];
  ppo_statistics(sums, weight, values);
  grid_reduce_leaders(grid, values, leaders, PpoStatistics(), WritePpoStats{stats});
}
