// Gradient of gaussian_logprob_forward for upstream gradients g of log-prob and h of entropy: d mean = g z / sigma,
// d log_std = g (z^2 - 1) + h, summed over the rows where all have the same sigma. A row whose g is 0 gives zeros and h.
// Shapes: [N, A]; log-stds and their gradient also [1, A]; g, h [N]. 8 bytes read and 4 written an action, 8 more where each row has its
// own sigma. Launched by GaussianLogprobBackwardCuda.
#include "common/rlhf.cuh"
#include "control/gaussian_columns.cuh"

struct GaussianLogprobBackwardParams {
  Matrix<const float> means;
  Matrix<const float> log_stds;
  Matrix<const float> actions;
  Matrix<const float> grad_logprobs;
  Matrix<const float> grad_entropy;
  Matrix<float> grad_means;
  Matrix<float> grad_log_stds;
  GridPartials partials;
  int rows;
  int cols;
  int block_rows;
  int summed;  // one row of log-stds for all rows, and its gradient is wanted
};

struct GaussianLogprobGradient {
  const GaussianLogprobBackwardParams& params;

  RLHF_DEVICE float operator()(long long row, int col) const {
    const float inverse = std_power(load(row_of(params.log_stds, row) + col), -1.0f);
    const float z = (load(row_of(params.actions, row) + col) - load(row_of(params.means, row) + col)) * inverse;
    const float grad = given(params.grad_logprobs) ? load(row_of(params.grad_logprobs, row)) : 0.0f;
    const float grad_entropy = given(params.grad_entropy) ? load(row_of(params.grad_entropy, row)) : 0.0f;
    const float scaled = grad * z;
    // (g z) z - g, not g (z^2 - 1): the square alone would overflow sooner.
    const float grad_log_std = grad == 0 ? grad_entropy : fmaf(scaled, z, grad_entropy - grad);
    if (given(params.grad_means)) {
      store(row_of(params.grad_means, row) + col, grad == 0 ? 0.0f : scaled * inverse);
    }
    if (params.summed == 0 && given(params.grad_log_stds)) {
      store(row_of(params.grad_log_stds, row) + col, grad_log_std);
    }
    return grad_log_std;
  }
};

RLHF_ENTRY(rlhf_gaussian_logprob_backward_f32, GaussianLogprobBackwardParams, kColumnSumThreads, 4) {
  for_each_column(params, GaussianLogprobGradient{params});
}
