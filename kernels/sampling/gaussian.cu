// Draws one action a row from a Gaussian policy, action = mean + sigma epsilon with sigma = e^log_std, and takes its log-prob: that of
// the action as it was rounded, with the bits of gaussian_logprob_forward. Epsilon comes from the Philox words of (seed; sequence, step)
// by Box and Muller's transform. Shapes: means, actions [N, A], log-stds also [1, A] (row stride 0); the others [N]. A few lanes a row,
// each makes the words of its own column. 4 bytes read and 4 written an action. Launched by GaussianCuda.
#include "common/rlhf.cuh"
#include "control/gaussian.cuh"

struct GaussianParams {
  Matrix<const float> means;
  Matrix<const float> log_stds;
  Matrix<const long long> sequences;
  Matrix<const int> steps;
  Matrix<float> actions;
  Matrix<float> logprobs;
  Matrix<float> entropy;
  unsigned long long seed;
  int rows;
  int cols;
  int lanes;
};

// sqrt(-2 ln u) cos(2 pi t), t in [-1/4, 1).
RLHF_DEVICE float box_muller(float u, float turns) {
  // cos(2 pi t) = sin(pi/2 y) with y = 1 - 4 |t| for t in [-1/2, 1/2]; both steps are exact. Taylor's series; the next term is under 7e-10.
  const float y = 1.0f - 4.0f * fabsf(turns - rintf(turns));
  const float z = y * y;
  float p = 5.6921729e-8f;
  p = fmaf(p, z, -3.5988432e-6f);
  p = fmaf(p, z, 1.6044118e-4f);
  p = fmaf(p, z, -4.6817541e-3f);
  p = fmaf(p, z, 7.9692626e-2f);
  p = fmaf(p, z, -6.4596410e-1f);
  p = fmaf(p, z, 1.5707963f);
  return sqrtf(-2.0f * logf(u)) * (p * y);
}

// Columns 4 j ... 4 j + 3 take the words of block j + 1: radius and angle of two pairs, cosine and sine of each.
RLHF_DEVICE float normal_of(const GaussianParams& params, unsigned long long sequence, unsigned step, int col) {
  const unsigned long long block = static_cast<unsigned long long>(col / 4) + 1;
  const PhiloxBits bits = philox(params.seed, sequence, step | (block << 32));
  const unsigned radius = (col & 2) != 0 ? bits.x2 : bits.x0, angle = (col & 2) != 0 ? bits.x3 : bits.x1;
  constexpr float kUnit = 1.0f / (1 << 24);
  const float turns = static_cast<float>(angle >> 8) * kUnit;
  return box_muller(static_cast<float>((radius >> 8) + 1) * kUnit, (col & 1) != 0 ? turns - 0.25f : turns);
}

RLHF_ENTRY(rlhf_gaussian_f32, GaussianParams, kElementThreads, 4) {
  const RowLanes team = row_lanes(params.lanes);
  const bool inside = team.row < params.rows;
  GaussianSums sums{0, 0};
  if (inside) {
    const unsigned long long sequence = static_cast<unsigned long long>(load(row_of(params.sequences, team.row)));
    const unsigned step = static_cast<unsigned>(load(row_of(params.steps, team.row)));
    for (int col = team.lane; col < params.cols; col += params.lanes) {
      const float mean = load(row_of(params.means, team.row) + col);
      const float log_std = load(row_of(params.log_stds, team.row) + col);
      const float action = fmaf(std_power(log_std, 1.0f), normal_of(params, sequence, step, col), mean);
      store(row_of(params.actions, team.row) + col, action);
      sums.add(mean, log_std, action);
    }
  }
  sums.write(team, inside, params.cols, params.logprobs, params.entropy);
}
