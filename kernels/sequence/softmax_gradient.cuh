// The gradient of a row whose statistics are known, for upstream gradients g of the log-prob and h of the entropy:
//   dz[j] = g (1[j = t] − p[j]) − h p[j] (log p[j] + H), through slope and cap to the raw logit.
// As p = 2^a / Σ this is 2^a (c0 + c1 a), and exactly 0 where p is 0. The selected entry is formed apart, from 1 − p = −expm1(log
// p), and rounded once, to the storage type.
#pragma once

#include "sequence/softmax_row.cuh"

struct RowGradient {
  LogitScale scale;
  float max, c0, c1, selected;
  int target;

  RLHF_DEVICE float operator()(int j, float logit) const {
    const float u = transformed(scale, logit), a = (u - max) * scale.slope_log2;
    float gradient = exp2_approx(a) * fmaf(c1, fmaxf(a, kVanished), c0);
    if (scale.cap != 0.0f) {
      // A masked −∞ counts as −cap, so that 0 · ∞ never happens.
      const float y = at_least(u * scale.inverse_cap, -1.0f);
      gradient *= fmaf(-y, y, 1.0f);
    }
    return j == target ? selected : gradient;
  }
};

RLHF_DEVICE RowGradient row_gradient(const RowStats& stats, const LogitScale& scale, int target, float grad_logprob,
                                     float grad_entropy) {
  const float p = expf(stats.logprob);
  float constant = grad_logprob, pull = 0.0f;
  if (grad_entropy != 0.0f) {
    constant = fmaf(grad_entropy, stats.entropy - stats.log_sum, grad_logprob);
    pull = p == 0.0f ? 0.0f : grad_entropy * p * (stats.logprob + stats.entropy);
  }
  float chain = scale.chain;
  RowGradient gradient;
  gradient.scale = scale;
  gradient.target = target;
  gradient.max = stats.max == -infinity() ? 0.0f : stats.max;
  gradient.c0 = -chain * constant * stats.scale;
  gradient.c1 = -chain * grad_entropy * kLn2 * stats.scale;
  if (scale.cap != 0.0f) {
    const float y = at_least(stats.selected * scale.inverse_cap, -1.0f);
    chain *= fmaf(-y, y, 1.0f);
  }
  gradient.selected = chain * (grad_logprob * -expm1f(stats.logprob) - pull);
  return gradient;
}

// Writes `value` to each element of a row; the row is not read.
template <class T>
RLHF_DEVICE void fill_row(T* to, int length, float value, int thread, int threads) {
  constexpr int kPack = PackSize<T>::value;
  const RowSplit split = split_row(to, length);
  Pack<T, kPack> pack;
#pragma unroll
  for (int i = 0; i < kPack; i++) {
    pack.lane[i] = from_f32<T>(value);
  }
  for (int i = thread; i < split.head; i += threads) {
    store(to + i, pack.lane[0]);
  }
  for (int p = thread; p < split.packs; p += threads) {
    store_pack_streaming<T, kPack>(to + split.head + p * kPack, pack);
  }
  for (int i = split.head + split.packs * kPack + thread; i < length; i += threads) {
    store(to + i, pack.lane[0]);
  }
}

// Elements begin … begin + count − 1 of the gradient, from the copy of that part of the row in shared memory (`begin` is a
// multiple of the pack). A row that does not begin on a 16-byte border is written element by element, neighbours by neighbouring
// threads.
template <class T>
RLHF_DEVICE void write_gradient_from_shared(Shared<T> part, T* to, int begin, int count, const RowGradient& gradient, int thread,
                                            int threads) {
  constexpr int kPack = PackSize<T>::value;
  int packs = 0;
  if (address_of(to) % 16 == 0) {
    packs = count / kPack;
#pragma unroll 2
    for (int p = thread; p < packs; p += threads) {
      Pack<T, kPack> pack = load_shared_pack<T, kPack>(part + p * kPack);
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        pack.lane[i] = from_f32<T>(gradient(begin + p * kPack + i, to_f32(pack.lane[i])));
      }
      store_pack_streaming<T, kPack>(to + begin + p * kPack, pack);
    }
  }
  for (int i = packs * kPack + thread; i < count; i += threads) {
    const T logit = part[i];
    store(to + begin + i, from_f32<T>(gradient(begin + i, to_f32(logit))));
  }
}

// Statistics of a row and then its gradient, which may be written over the row. `decide(stats)` chooses it and decide.to() names
// the place: every thread calls them, with the same statistics, and both load what they need then and not before (registers).
// The row is read once where it fits the block's shared memory, else a second time, from L2: the first read is an ordinary one,
// the second and the writes are first to leave the cache.
template <class T, class Team, class Decide>
RLHF_DEVICE void measure_and_differentiate(const T* row, int vocab, int target, bool entropy, bool in_shared,
                                           const LogitScale& scale, const Team& team, Decide decide) {
  if (in_shared) {
    const Shared<T> copy = dynamic_shared<T>();
    const KeepInShared<T> keep{copy, 0, ceil_div(vocab, PackSize<T>::value)};
    const RowGradient gradient = decide(measure_row<true>(row, vocab, target, entropy, scale, team, keep));
    write_gradient_from_shared(copy, decide.to(), 0, vocab, gradient, team.thread(), Team::kThreads);
  } else {
    const RowGradient gradient = decide(measure_row<false>(row, vocab, target, entropy, scale, team, KeepNothing()));
    transform_row(row, decide.to(), split_row(row, vocab), team.thread(), Team::kThreads, gradient);
  }
}
