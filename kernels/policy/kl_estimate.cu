// KL estimate of each token and its gradient: kl(logprob - ref_logprob) clamped to +-clamp, 0 where the mask is 0.
// Shapes: all [B, T]. One pass: 9 bytes read and 4 or 8 written a token. Launched by KlEstimateCuda.
#include "common/rlhf.cuh"
#include "policy/kl_step.cuh"

struct KlEstimateParams {
  Matrix<const float> logprobs;
  Matrix<const float> ref_logprobs;
  Matrix<const unsigned char> mask;
  Matrix<float> kl;
  Matrix<float> grad_logprobs;
  ElementGrid elements;
  int estimator;
  float clamp;
};

struct KlEstimateVisit {
  const KlEstimateParams& params;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const unsigned flags = load_flags<N>(params.mask, row, col);
    Pack<float, N> kl = load_lanes<N>(params.logprobs, row, col);
    Pack<float, N> grad = load_lanes<N>(params.ref_logprobs, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const bool counted = flag_at(flags, i);
      const KlToken token = kl_step(params.estimator, counted ? kl.lane[i] - grad.lane[i] : 0.0f);
      const bool beyond = fabsf(token.kl) > params.clamp;
      kl.lane[i] = beyond ? copysignf(params.clamp, token.kl) : token.kl;
      grad.lane[i] = counted && !beyond ? token.grad : 0.0f;
    }
    store_lanes<N>(params.kl, row, col, kl);
    store_lanes<N>(params.grad_logprobs, row, col, grad);
  }
};

RLHF_ENTRY(rlhf_kl_estimate_f32, KlEstimateParams, kElementThreads, 4) {
  KlEstimateVisit visit{params};
  for_each_element(params.elements, visit);
}
