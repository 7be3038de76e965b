// One row of PPO from logits between its two halves: what ppo_from_logits and ppo_from_logits_cluster do once the row's
// statistics are known.
#pragma once

#include "policy/ppo_step.cuh"
#include "sequence/softmax_gradient.cuh"

template <class T>
struct PpoFromLogitsParams {
  Matrix<const T> logits;
  Matrix<const int> targets;
  Matrix<const float> old_logprobs;
  Matrix<const float> advantages;
  Matrix<const unsigned char> mask;
  Matrix<const float> weights;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  Matrix<T> grad_logits;
  Matrix<float> stats;
  GridPartials grid;
  unsigned long long* error;
  int rows;
  int vocab;
  int row_in_shared;
  float inner;
  float cap;
  float inverse_cap;
  float slope_log2;
  float slope;
  float chain;
  float clip_low;
  float clip_high;
  float dual_clip;
  float log_ratio_limit;
  float entropy_coef;
  float normalizer;
};

// A row's contribution to the statistics, the same in each of its threads.
struct PpoRowSums {
  PpoSums sums;
  float weight;
};

RLHF_DEVICE PpoRowSums no_ppo_row() {
  return PpoRowSums{no_ppo_sums(), 0.0f};
}

template <class T>
RLHF_DEVICE bool ppo_wants_entropy(const PpoFromLogitsParams<T>& params) {
  return params.entropy_coef != 0.0f || given(params.entropy);
}

// Loss and gradient from the row's statistics; `leader` is true in the thread that writes the row's results.
template <class T, class Team>
struct PpoRow {
  const PpoFromLogitsParams<T>& params;
  const Team& team;
  PpoRowSums& row_sums;
  long long row;
  bool leader;

  RLHF_DEVICE T* to() const {
    return row_of(params.grad_logits, row);
  }

  RLHF_DEVICE void write(float logprob, float entropy) const {
    if (leader) {
      store(row_of(params.logprobs, row), logprob);
      if (given(params.entropy)) {
        store(row_of(params.entropy, row), entropy);
      }
    }
  }

  RLHF_DEVICE RowGradient operator()(const RowStats& stats) const {
    const float old = given(params.old_logprobs) ? load(row_of(params.old_logprobs, row)) : stats.logprob;
    const float weight = (given(params.weights) ? load(row_of(params.weights, row)) : 1.0f) / params.normalizer;
    const PpoClip clip{params.clip_low, params.clip_high, params.dual_clip, params.log_ratio_limit};
    PpoSums sums = no_ppo_sums();
    const float slope = ppo_step(clip, stats.logprob, old, load(row_of(params.advantages, row)), sums);
    if (ppo_wants_entropy(params)) {
      sums.loss -= params.entropy_coef * stats.entropy;
      sums.entropy = stats.entropy;
    }
    row_sums = PpoRowSums{sums, weight};
    // The log-probs may be written over the old ones: every thread has read those.
    team.barrier();
    write(stats.logprob, stats.entropy);
    return row_gradient(stats, scale_of(params), load(row_of(params.targets, row)), slope * weight,
                        -params.entropy_coef * weight);
  }

  // A row that the mask leaves out gives zeros; one with a target out of range NaN.
  RLHF_DEVICE bool skipped() const {
    const bool counted = !given(params.mask) || load(row_of(params.mask, row)) != 0;
    const int target = counted ? load(row_of(params.targets, row)) : 0;
    const bool bad = counted && (target < 0 || target >= params.vocab);
    if (bad && leader) {
      report_error(params.error, 1ull << 32 | static_cast<unsigned long long>(row));
    }
    if (bad) {
      row_sums.sums.loss = not_a_number();
      row_sums.sums.count = 1.0f;
      row_sums.weight = 1.0f;
    }
    if (bad || !counted) {
      write(bad ? not_a_number() : 0.0f, bad ? not_a_number() : 0.0f);
    }
    return bad || !counted;
  }

  // What a skipped row gets.
  RLHF_DEVICE float fill() const {
    return row_sums.weight == 0.0f ? 0.0f : not_a_number();
  }
};
