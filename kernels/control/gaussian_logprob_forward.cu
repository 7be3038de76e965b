// Log-prob and entropy of actions under a Gaussian policy with a diagonal covariance, sigma = e^log_std:
// logprob = -1/2 sum z^2 - sum log_std - A/2 log 2 pi with z = (action - mean) / sigma; entropy = sum log_std + A/2 (1 + log 2 pi).
// Shapes: [N, A], log-stds also [1, A] (row stride 0); results [N]. A few lanes a row; 8 bytes read an action, 4 more where each row
// has its own sigma. Launched by GaussianLogprobForwardCuda.
#include "common/rlhf.cuh"
#include "control/gaussian.cuh"

struct GaussianLogprobForwardParams {
  Matrix<const float> means;
  Matrix<const float> log_stds;
  Matrix<const float> actions;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  int rows;
  int cols;
  int lanes;
};

RLHF_ENTRY(rlhf_gaussian_logprob_forward_f32, GaussianLogprobForwardParams, kElementThreads, 4) {
  const RowLanes team = row_lanes(params.lanes);
  const bool inside = team.row < params.rows;
  GaussianSums sums{0, 0};
  for (int col = team.lane; inside && col < params.cols; col += params.lanes) {
    sums.add(load(row_of(params.means, team.row) + col), load(row_of(params.log_stds, team.row) + col),
             load(row_of(params.actions, team.row) + col));
  }
  sums.write(team, inside, params.cols, params.logprobs, params.entropy);
}
