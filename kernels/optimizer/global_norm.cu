// Euclidean norm of all gradients and the factor that clips it: scale = min(1, max_norm / (norm + 1e-6)).
// Shapes: [P], result [2]: norm, scale. One launch: 4 bytes read a parameter. A thread's squares are added in f32 with what each
// addition rounds off kept beside, blocks and the grid in f64. Launched by GlobalNormCuda.
#include "common/rlhf.cuh"

struct GlobalNormParams {
  Matrix<const float> gradients;
  Matrix<float> result;
  GridPartials partials;
  ElementGrid elements;
  float max_norm;
};

// Knuth's two-sum (Ogita, Rump and Oishi 2005).
struct SquaresVisit {
  const GlobalNormParams& params;
  float sum, lost, largest;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const Pack<float, N> gradients = load_lanes<N>(params.gradients, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float value = gradients.lane[i] * gradients.lane[i];
      const float total = sum + value;
      const float added = total - sum;
      lost += (sum - (total - added)) + (value - added);
      sum = total;
      largest = Max()(fabsf(gradients.lane[i]), largest);
    }
  }
};

struct WideSquaresVisit {
  const GlobalNormParams& params;
  double sum;

  template <int N>
  RLHF_DEVICE void at(long long row, long long col) {
    const Pack<float, N> gradients = load_lanes<N>(params.gradients, row, col);
#pragma unroll
    for (int i = 0; i < N; i++) {
      const double wide = gradients.lane[i];
      sum += wide * wide;
    }
  }
};

struct WriteNorm {
  Matrix<float> result;
  float max_norm;

  RLHF_DEVICE void operator()(int, double squares) const {
    const double norm = sqrt(squares);
    const double scale = max_norm / (norm + 1e-6);
    store(row_of(result, 0), static_cast<float>(norm));
    store(row_of(result, 1), max_norm == infinity() || scale > 1 ? 1.0f : static_cast<float>(scale));
  }
};

RLHF_ENTRY(rlhf_global_norm_f32, GlobalNormParams, kElementThreads, 4) {
  RLHF_SHARED(float, scratch, kWarp);
  SquaresVisit visit{params, 0, 0, 0};
  for_each_element(params.elements, visit);
  double squares[1] = {static_cast<double>(visit.sum) + visit.lost};

  // Outside this range f32 squares overflow, or lose digits below the normal range: the block's chunk once more in f64.
  const float largest = block_max(visit.largest, scratch);
  if (largest > 0 && !(largest > 1e-12f && largest < 1e16f)) {
    WideSquaresVisit wide{params, 0};
    for_each_element(params.elements, wide);
    squares[0] = wide.sum;
  }
  grid_reduce(params.partials, squares, AllSums(), WriteNorm{params.result, params.max_norm});
}
