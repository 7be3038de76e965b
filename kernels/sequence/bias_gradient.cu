// The gradient of the head's bias from a chunk's logit gradients: sums[v] = alpha · Σ_n grads[n, v], or added to what is there.
// grads [rows, V] → [V]. A block takes a warp's width of 16-byte columns; its warps take the rows in turns and are summed in
// order. One read: V·b bytes a row. Called by HeadChunks.
#include "common/rlhf.cuh"

struct BiasGradientParams {
  Matrix<const void> grads;
  Matrix<float> sums;
  int rows;
  int vocab;
  int accumulate;
  float alpha;
};

template <class T>
RLHF_DEVICE void bias_gradient(const BiasGradientParams& params) {
  constexpr int kPack = PackSize<T>::value, kWarps = kElementThreads / kWarp;
  RLHF_SHARED(float, warps, kWarps* kPack* kWarp);
  const int column = (static_cast<int>(blockIdx.x) * kWarp + lane_id()) * kPack;
  const T* grads = static_cast<const T*>(params.grads.data);
  float sum[kPack];
#pragma unroll
  for (int i = 0; i < kPack; i++) {
    sum[i] = 0;
  }
#pragma unroll 4
  for (long long row = warp_id(); row < params.rows; row += kWarps) {
    const T* from = grads + row * params.grads.stride + column;
    if (column + kPack <= params.vocab) {
      Pack<T, kPack> pack = load_pack<T, kPack>(from);
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        sum[i] += to_f32(pack.lane[i]);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        sum[i] += column + i < params.vocab ? to_f32(load(from + i)) : 0.0f;
      }
    }
  }
  Shared<float> own = warps + (warp_id() * kWarp + lane_id()) * kPack;
#pragma unroll
  for (int i = 0; i < kPack; i += 4) {
    Pack<float, 4> pack = {{sum[i], sum[i + 1], sum[i + 2], sum[i + 3]}};
    store_shared_pack<float, 4>(own + i, pack);
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < kPack * kWarp; i += kElementThreads) {
    float total = 0;
    for (int warp = 0; warp < kWarps; warp++) {
      total += warps[warp * kWarp * kPack + i];
    }
    int at = static_cast<int>(blockIdx.x) * kWarp * kPack + i;
    if (at < params.vocab) {
      float* to = row_of(params.sums, at);
      store(to, params.accumulate != 0 ? load(to) + params.alpha * total : params.alpha * total);
    }
  }
}

RLHF_ENTRY(rlhf_bias_gradient_f32, BiasGradientParams, kElementThreads, 4) {
  bias_gradient<float>(params);
}
RLHF_ENTRY(rlhf_bias_gradient_bf16, BiasGradientParams, kElementThreads, 4) {
  bias_gradient<bf16>(params);
}
RLHF_ENTRY(rlhf_bias_gradient_f16, BiasGradientParams, kElementThreads, 4) {
  bias_gradient<f16>(params);
}
