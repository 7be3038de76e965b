// Per-token rewards: reward[t] = -kl_coef kl[t] up to the last token, 0 after it, plus the score at one position.
// Shapes: [B, T]; lengths, scores, has_eos, final_scores [B]. One pass: 8 bytes read and 4 or 8 written a token.
// A length outside 0 .. T poisons its row and sets the error word. Launched by KlShapedRewardsCuda.
#include "common/rlhf.cuh"
#include "policy/kl_step.cuh"

struct KlShapedRewardsParams {
  Matrix<const float> logprobs;
  Matrix<const float> ref_logprobs;
  Matrix<const int> lengths;
  Matrix<const float> scores;
  Matrix<const unsigned char> has_eos;
  Matrix<float> rewards;
  Matrix<float> kl;
  Matrix<float> final_scores;
  unsigned long long* error;
  ElementGrid elements;
  int estimator;
  int score_after_last;     // ScorePlacement.AfterLastToken
  int replace_missing_eos;  // MissingEosRule.Replace
  float missing_eos_penalty;
  float kl_coef;
};

// Kind 2 of the error word.
RLHF_DEVICE void report_length(const KlShapedRewardsParams& params, long long row) {
  report_error(params.error, (2ull << 32) | static_cast<unsigned long long>(row));
}

struct KlShapedRewardsVisit {
  const KlShapedRewardsParams& params;

  RLHF_DEVICE float final_score(long long row) const {
    const float score = load(row_of(params.scores, row));
    if (params.missing_eos_penalty == 0 || load(row_of(params.has_eos, row)) != 0) {
      return score;
    }
    return params.replace_missing_eos != 0 ? -params.missing_eos_penalty : score - params.missing_eos_penalty;
  }

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const int cols = static_cast<int>(params.elements.cols);
    const int length = load(row_of(params.lengths, row));
    const bool bad = length < 0 || length > cols;
    const int last = length > 0 ? length - 1 : 0;
    const int given_slot = params.score_after_last != 0 && length < cols ? length : last;
    const int slot = bad ? 0 : given_slot;
    const int first = static_cast<int>(col);

    // One thread of the row reads the score and writes the final one: the two may be the same memory.
    const bool owns_score = slot >= first && slot < first + N;
    Pack<float, N> rewards = load_lanes<N>(params.logprobs, row, col);
    Pack<float, N> kl = load_lanes<N>(params.ref_logprobs, row, col);
    float score = owns_score ? final_score(row) : 0.0f;
    score = bad ? not_a_number() : score;
#pragma unroll
    for (int i = 0; i < N; i++) {
      const bool real = first + i < length;
      const float estimate = real ? kl_step(params.estimator, rewards.lane[i] - kl.lane[i]).kl : 0.0f;

      // Without a penalty an infinite estimate (k3 overflows) is no penalty either, not 0 times infinity.
      float reward = real && params.kl_coef != 0 ? -(params.kl_coef * estimate) : 0.0f;
      reward = first + i == slot ? reward + score : reward;
      rewards.lane[i] = bad ? not_a_number() : reward;
      kl.lane[i] = bad ? not_a_number() : estimate;
    }
    store_lanes<N>(params.rewards, row, col, rewards);
    store_lanes<N>(params.kl, row, col, kl);
    if (owns_score && given(params.final_scores)) {
      store(row_of(params.final_scores, row), score);
    }
    if (first == 0 && bad) {
      report_length(params, row);
    }
  }
};

RLHF_ENTRY(rlhf_kl_shaped_rewards_f32, KlShapedRewardsParams, kElementThreads, 4) {
  KlShapedRewardsVisit visit{params};
  for_each_element(params.elements, visit);
}
