// The row kernel between the fused head's products: one row of a chunk of f32 logits becomes its statistics and, over the logits,
// its gradient in the storage type T that the gradient products take. A block a row; the row is read twice, the second time from
// L2 where the rows in flight fit, and 2 or 4 bytes an element are written.
#pragma once

#include "sequence/softmax_gradient.cuh"

// The bias is added in place: heads with one are rare, and the sweeps stay the same for all.
template <class Team>
RLHF_DEVICE void add_bias(float* logits, const Matrix<const float>& bias, int vocab, const Team& team) {
  if (!given(bias)) {
    return;
  }
  for (int v = team.thread(); v < vocab; v += Team::kThreads) {
    store(logits + v, load(logits + v) + load(row_of(bias, v)));
  }
  team.barrier();
}

// The gradient over the logits in f32: each thread replaces what it read.
template <class Team>
RLHF_DEVICE void gradient_over_logits(const float* logits, float* to, int vocab, const RowGradient& gradient, const Team& team) {
  transform_row(logits, to, split_row(logits, vocab), team.thread(), Team::kThreads, gradient);
}

// In a 16-bit type the gradient fills the front half of the row, stretch by stretch: a stretch is read by all threads before the
// first of them writes, and what is written never reaches beyond what has been read.
template <class T, class Team>
RLHF_DEVICE void gradient_over_logits(const float* logits, T* to, int vocab, const RowGradient& gradient, const Team& team) {
  constexpr int kPack = PackSize<T>::value;
  for (int begin = 0; begin < vocab; begin += Team::kThreads * kPack) {
    const int at = begin + team.thread() * kPack;
    const bool whole = at + kPack <= vocab;
    Pack<T, kPack> pack;
    if (whole) {
#pragma unroll
      for (int half = 0; half < kPack; half += 4) {
        const Pack<float, 4> part = load_pack_last<float, 4>(logits + at + half);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          pack.lane[half + i] = from_f32<T>(gradient(at + half + i, part.lane[i]));
        }
      }
    } else {
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        pack.lane[i] = at + i < vocab ? from_f32<T>(gradient(at + i, load(logits + at + i))) : T();
      }
    }
    team.barrier();
    if (whole) {
      store_pack<T, kPack>(to + at, pack);
    } else {
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        if (at + i < vocab) {
          store(to + at + i, pack.lane[i]);
        }
      }
    }
  }
}

// Upstream gradients of a row's log-prob and entropy.
struct RowUpstream {
  float logprob, entropy;
};

template <class T>
struct LinearRow {
  float* logits;
  T* grads;  // over the logits; null where no gradient is wanted
  int vocab;
  long long row;  // of the call
};

// A row that the mask leaves out gives zeros, one with a bad target NaN and an entry in the error word.
template <class T, class Team>
RLHF_DEVICE RowStats linear_row_left_out(const LinearRow<T>& place, bool bad, unsigned long long* error, const Team& team) {
  const float value = bad ? not_a_number() : 0.0f;
  if (place.grads != nullptr) {
    fill_row(place.grads, place.vocab, value, team.thread(), Team::kThreads);
  }
  if (bad && team.thread() == 0) {
    report_error(error, 1ull << 32 | static_cast<unsigned long long>(place.row));
  }
  return RowStats{value, value, value, value, value, value};
}

// A counted row. `upstream(stats)` is asked by every thread; both upstream gradients are multiplied by `grad_scale`, which keeps
// f16 gradients away from the subnormal numbers.
template <class T, class Team, class Upstream>
RLHF_DEVICE RowStats linear_row(const LinearRow<T>& place, const Matrix<const float>& bias, int target, bool entropy,
                                float grad_scale, const LogitScale& scale, const Team& team, Upstream upstream) {
  add_bias(place.logits, bias, place.vocab, team);
  const RowStats stats =
      measure_row<false>(static_cast<const float*>(place.logits), place.vocab, target, entropy, scale, team, KeepNothing());
  if (place.grads == nullptr) {
    return stats;
  }
  const RowUpstream g = upstream(stats);
  if (g.logprob == 0.0f && g.entropy == 0.0f) {
    fill_row(place.grads, place.vocab, 0.0f, team.thread(), Team::kThreads);
  } else {
    const RowGradient gradient = row_gradient(stats, scale, target, g.logprob * grad_scale, g.entropy * grad_scale);
    gradient_over_logits(place.logits, place.grads, place.vocab, gradient, team);
  }
  return stats;
}
