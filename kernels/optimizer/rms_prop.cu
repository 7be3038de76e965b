// One RMSProp step over a flat vector, fused with gradient scaling: v = decay v + (1 - decay) g^2,
// p = p - learning_rate g / (sqrt(v + inside) + outside); the host puts epsilon in one of the two places.
// Shapes: [P]. One pass: 12 bytes read and 8 written a parameter. Launched by RmsPropCuda.
#include "common/rlhf.cuh"

struct RmsPropParams {
  Matrix<float> parameters;
  Matrix<const float> gradients;
  Matrix<float> mean_squares;
  const float* grad_scale;
  ElementGrid elements;
  float learning_rate;
  float decay;
  float new_share;  // 1 - decay, from f64
  float inside;
  float outside;
};

RLHF_DEVICE Matrix<const float> read_only(const Matrix<float>& matrix) {
  return Matrix<const float>{matrix.data, matrix.stride};
}

struct RmsPropVisit {
  const RmsPropParams& params;
  float grad_scale;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const Pack<float, N> gradients = load_lanes<N>(params.gradients, row, col);
    Pack<float, N> squares = load_lanes<N>(read_only(params.mean_squares), row, col);
    Pack<float, N> parameters = load_lanes<N>(read_only(params.parameters), row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float gradient = gradients.lane[i] * grad_scale;
      const float square = fmaf(params.decay, squares.lane[i], params.new_share * gradient * gradient);
      // A denormal state costs digits at each later step. NaN fails the comparison and stays.
      squares.lane[i] = fabsf(square) < kSmallestNormal ? 0.0f : square;
      const float update = gradient / (sqrtf(squares.lane[i] + params.inside) + params.outside);
      parameters.lane[i] = fmaf(-params.learning_rate, gradient == 0 ? 0.0f : update, parameters.lane[i]);
    }
    store_lanes<N>(params.mean_squares, row, col, squares);
    store_lanes<N>(params.parameters, row, col, parameters);
  }
};

RLHF_ENTRY(rlhf_rms_prop_f32, RmsPropParams, kElementThreads, 4) {
  RmsPropVisit visit{params, params.grad_scale != nullptr ? load(params.grad_scale) : 1.0f};
  for_each_element(params.elements, visit);
}
