// A KL estimate of one token and its derivative by the policy's log-prob, from d = logprob - ref_logprob
// (kl_estimate.cu and sequence/kl_shaped_rewards.cu use it).
#pragma once

// As Rlhf.Kernels.Policy.KlEstimator counts them.
constexpr int kEstimatorK1 = 0;
constexpr int kEstimatorK2 = 1;
constexpr int kEstimatorAbs = 3;

struct KlToken {
  float kl, grad;
};

// e^x - 1 - x and its derivative by -x, x = -d. Up to |x| = 1 the Taylor series (the next term is under 4e-8 of the sum): the
// plain form loses all digits there. e^x - 1 = x + (e^x - 1 - x) keeps the derivative exact as well.
RLHF_DEVICE KlToken kl_k3(float x) {
  float p = 1.0f / 3628800;
  p = fmaf(p, x, 1.0f / 362880);
  p = fmaf(p, x, 1.0f / 40320);
  p = fmaf(p, x, 1.0f / 5040);
  p = fmaf(p, x, 1.0f / 720);
  p = fmaf(p, x, 1.0f / 120);
  p = fmaf(p, x, 1.0f / 24);
  p = fmaf(p, x, 1.0f / 6);
  p = fmaf(p, x, 0.5f);
  const float near = p * (x * x);
  const float growth = expf(x) - 1.0f;
  return fabsf(x) <= 1.0f ? KlToken{near, -(x + near)} : KlToken{growth - x, -growth};
}

RLHF_DEVICE KlToken kl_step(int estimator, float d) {
  if (estimator == kEstimatorK1) {
    return KlToken{d, 1.0f};
  }
  if (estimator == kEstimatorK2) {
    return KlToken{d * d * 0.5f, d};
  }
  if (estimator == kEstimatorAbs) {
    return KlToken{fabsf(d), d > 0 ? 1.0f : d < 0 ? -1.0f : d};
  }
  return kl_k3(-d);
}
