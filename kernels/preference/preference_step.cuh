// Cross-entropy of one comparison, and the statistics of all: the one place where the Bradley-Terry form and its uniform-noise
// form stand (pairwise_loss.cu, ranking_loss.cu and segment_preference.cu use it).
#pragma once

struct Comparison {
  float loss, grad, probability;
};

// loss = -label log p - (1 - label) log(1 - p), p = noise/2 + (1 - noise) sigmoid(d); grad is its derivative by d. Any d.
RLHF_DEVICE Comparison preference_step(float noise, float d, float label) {
  // With u = e^-|d| nothing overflows, and the smaller of sigmoid(d) and sigmoid(-d) keeps all its digits.
  const float distance = fabsf(d);
  const float u = expf(-distance);
  float larger = 1.0f / (1.0f + u);
  float smaller = u * larger;
  float log_larger = -log1pf(u);
  float log_smaller = log_larger - distance;
  float slope_larger = smaller;
  float slope_smaller = larger;
  if (noise > 0) {
    const float slope = 1.0f - noise;
    const float bell = slope * larger * smaller;
    larger = fmaf(slope, larger, 0.5f * noise);
    smaller = fmaf(slope, smaller, 0.5f * noise);
    log_larger = log1pf(-smaller);
    log_smaller = logf(smaller);
    slope_larger = bell / larger;
    slope_smaller = bell / smaller;
  }
  const bool first = d >= 0;
  const float log_first = first ? log_larger : log_smaller;
  const float log_second = first ? log_smaller : log_larger;
  const float slope_first = first ? slope_larger : slope_smaller;
  const float slope_second = first ? slope_smaller : slope_larger;

  // A certain label takes no part of the other term: at -infinity times 0 it would be NaN.
  const float other = 1.0f - label;
  const float loss_first = label == 0 ? 0.0f : label * log_first;
  const float loss_second = other == 0 ? 0.0f : other * log_second;
  return Comparison{-loss_first - loss_second, other * slope_second - label * slope_first, first ? larger : smaller};
}

// What a thread adds up, a few pairs in f32; blocks and the grid combine in f64.
struct PreferenceSums {
  float loss = 0, pairs = 0, correct = 0, margin = 0, reward = 0, rewards = 0;
  float min = infinity(), max = -infinity();

  RLHF_DEVICE void add_pair(float pair_loss, float first, float second, float label) {
    loss += pair_loss;
    pairs += 1.0f;
    correct += (label > 0.5f) == (first > second) ? 1.0f : 0.0f;
    margin += first - second;
  }

  RLHF_DEVICE void add_reward(float value) {
    reward += value;
    rewards += 1.0f;
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
};

// Six sums, a minimum and a maximum.
struct PreferenceOperations {
  RLHF_DEVICE double identity(int i) const {
    return i == 6 ? static_cast<double>(infinity()) : i == 7 ? -static_cast<double>(infinity()) : 0.0;
  }
  RLHF_DEVICE double combine(int i, double left, double right) const {
    if (i == 6) {
      return left < right ? left : right;
    }
    return i == 7 ? (left > right ? left : right) : left + right;
  }
};

// Writes the eight statistics of the launch. Every thread of every block calls it, at the end.
RLHF_DEVICE void reduce_preferences(const GridPartials& partials, const PreferenceSums& sums, const WriteStats& write) {
  const double values[8] = {sums.loss, sums.pairs, sums.correct, sums.margin, sums.reward, sums.rewards, sums.min, sums.max};
  grid_reduce(partials, values, PreferenceOperations(), write);
}
