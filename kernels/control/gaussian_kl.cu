// KL divergence of two Gaussian policies with diagonal covariances, from the old (') to the new one, and its gradient to the new one:
// kl = sum 1/2 (e^x - 1 - x) + 1/2 z^2 with x = 2 (log_std' - log_std), z = (mean - mean') / sigma;
// d mean = g z / sigma, d log_std = -g (e^x - 1 + z^2), summed over the rows where all have the same sigma.
// Shapes: [N, A], log-stds also [1, A] (row stride 0); kl, g [N]. A few lanes a row for kl, a thread a column for the gradient, which reads
// its arguments again: 8 bytes an action each, 8 more where each row has its own sigmas. Launched by GaussianKlCuda.
#include "common/rlhf.cuh"
#include "control/gaussian_columns.cuh"
#include "policy/kl_step.cuh"

struct GaussianKlParams {
  Matrix<const float> means;
  Matrix<const float> log_stds;
  Matrix<const float> old_means;
  Matrix<const float> old_log_stds;
  Matrix<const float> grad_kl;
  Matrix<float> kl;
  Matrix<float> grad_means;
  Matrix<float> grad_log_stds;
  GridPartials partials;
  int rows;
  int cols;
  int lanes;
  int block_rows;
  int summed;  // one row of log-stds for all rows, and its gradient is wanted
};

struct GaussianDistance {
  float inverse, z;
  KlToken spread;  // e^x - 1 - x and its derivative by -x
};

RLHF_DEVICE GaussianDistance distance_of(const GaussianKlParams& params, long long row, int col) {
  const float log_std = load(row_of(params.log_stds, row) + col);
  const float difference = load(row_of(params.old_log_stds, row) + col) - log_std;
  const float inverse = std_power(log_std, -1.0f);
  const float shift = load(row_of(params.means, row) + col) - load(row_of(params.old_means, row) + col);
  return GaussianDistance{inverse, shift * inverse, kl_k3(difference + difference)};
}

RLHF_ENTRY(rlhf_gaussian_kl_f32, GaussianKlParams, kElementThreads, 4) {
  const RowLanes team = row_lanes(params.lanes);
  const bool inside = team.row < params.rows;
  float sum = 0;
  for (int col = team.lane; inside && col < params.cols; col += params.lanes) {
    const GaussianDistance distance = distance_of(params, team.row, col);
    sum += fmaf(distance.z, distance.z, distance.spread.kl);
  }
  sum = team.sum(sum);
  if (inside && team.lane == 0) {
    store(row_of(params.kl, team.row), 0.5f * sum);
  }
}

struct GaussianKlGradient {
  const GaussianKlParams& params;

  RLHF_DEVICE float operator()(long long row, int col) const {
    const GaussianDistance distance = distance_of(params, row, col);
    const float grad = given(params.grad_kl) ? load(row_of(params.grad_kl, row)) : 1.0f;
    const float scaled = grad * distance.z;
    const float grad_log_std = grad == 0 ? 0.0f : grad * distance.spread.grad - scaled * distance.z;
    if (given(params.grad_means)) {
      store(row_of(params.grad_means, row) + col, grad == 0 ? 0.0f : scaled * distance.inverse);
    }
    if (params.summed == 0 && given(params.grad_log_stds)) {
      store(row_of(params.grad_log_stds, row) + col, grad_log_std);
    }
    return grad_log_std;
  }
};

RLHF_ENTRY(rlhf_gaussian_kl_gradient_f32, GaussianKlParams, kColumnSumThreads, 4) {
  for_each_column(params, GaussianKlGradient{params});
}
