// One AdamW step over a flat vector, fused with gradient scaling and an optional average of the weights:
// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p = decay p - step m / (root_scale sqrt(v) + epsilon), ema likewise.
// Shapes: [P]. One pass: 16 bytes read and 12 written a parameter, 4 + 4 more with the average. Launched by AdamWCuda.
#include "common/rlhf.cuh"

struct AdamWParams {
  Matrix<float> parameters;
  Matrix<const float> gradients;
  Matrix<float> moment1;
  Matrix<float> moment2;
  Matrix<float> ema;
  const float* grad_scale;
  ElementGrid elements;
  float beta1;
  float new1;  // 1 - beta1, from f64 as the others below
  float beta2;
  float new2;
  float decay;      // 1 - learning rate times weight decay
  float step_size;  // with the bias correction that the form puts there
  float root_scale;
  float epsilon;
  float ema_decay;
  float ema_new;
};

// A denormal state costs digits at each later step. NaN fails the comparison and stays.
RLHF_DEVICE float flush(float value) {
  return fabsf(value) < kSmallestNormal ? 0.0f : value;
}

RLHF_DEVICE Matrix<const float> read_only(const Matrix<float>& matrix) {
  return Matrix<const float>{matrix.data, matrix.stride};
}

struct AdamWVisit {
  const AdamWParams& params;
  float grad_scale;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const Pack<float, N> gradients = load_lanes<N>(params.gradients, row, col);
    Pack<float, N> moment1 = load_lanes<N>(read_only(params.moment1), row, col);
    Pack<float, N> moment2 = load_lanes<N>(read_only(params.moment2), row, col);
    Pack<float, N> parameters = load_lanes<N>(read_only(params.parameters), row, col);
    Pack<float, N> ema = load_lanes_or<N>(read_only(params.ema), row, col, 0.0f);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float gradient = gradients.lane[i] * grad_scale;
      moment1.lane[i] = flush(fmaf(params.beta1, moment1.lane[i], params.new1 * gradient));
      moment2.lane[i] = flush(fmaf(params.beta2, moment2.lane[i], params.new2 * gradient * gradient));
      const float update = moment1.lane[i] / fmaf(sqrtf(moment2.lane[i]), params.root_scale, params.epsilon);
      parameters.lane[i] = fmaf(-params.step_size, update, parameters.lane[i] * params.decay);
      ema.lane[i] = fmaf(params.ema_decay, ema.lane[i], params.ema_new * parameters.lane[i]);
    }
    store_lanes<N>(params.moment1, row, col, moment1);
    store_lanes<N>(params.moment2, row, col, moment2);
    store_lanes<N>(params.parameters, row, col, parameters);
    store_lanes<N>(params.ema, row, col, ema);
  }
};

RLHF_ENTRY(rlhf_adamw_f32, AdamWParams, kElementThreads, 4) {
  AdamWVisit visit{params, params.grad_scale != nullptr ? load(params.grad_scale) : 1.0f};
  for_each_element(params.elements, visit);
}
