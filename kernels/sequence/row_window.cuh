// Rows read by index instead of by address. Sums must have the same bits wherever a row stands (alone, in a batch, at an odd
// pitch), so pack p holds the elements p·K … p·K+K−1 of the row on every alignment: where the row does not begin on a 16-byte
// border, a pack is joined from the two aligned ones that it overlaps (the second of which is a neighbour's first, in the cache).
#pragma once

// 16-byte packs of a thread that are in flight, and exponentiated, together: 1,024 threads have 32 KiB under way, above what the
// latency of DRAM takes on any of the architectures (about 18 KiB a multiprocessor on sm_90).
constexpr int kChunkPacks = 2;

template <class T>
struct RowWindow {
  static constexpr int kPack = PackSize<T>::value;

  const T* row;
  int length;
  int off;  // elements from a 16-byte border to the row's first

  RLHF_DEVICE int packs() const {
    return ceil_div(length, kPack);
  }

  // The accesses of packs first … last lie within the row.
  RLHF_DEVICE bool within(int first, int last) const {
    return off == 0 ? (last + 1) * kPack <= length : first > 0 && (last + 2) * kPack - off <= length;
  }
};

template <class T>
RLHF_DEVICE RowWindow<T> window_of(const T* row, int length) {
  return RowWindow<T>{row, length, static_cast<int>(address_of(row) % 16) / static_cast<int>(sizeof(T))};
}

// The 16 bytes that begin `off` elements into `low`.
template <class T, int K>
RLHF_DEVICE Pack<T, K> join_packs(const Pack<T, K>& low, const Pack<T, K>& high, int off) {
  union Words {
    Pack<T, K> pack[2];
    unsigned word[8];
  } words;
  words.pack[0] = low;
  words.pack[1] = high;
  const int bytes = off * static_cast<int>(sizeof(T));
#pragma unroll
  for (int i = 0; i < 6; i++) {
    words.word[i] = (bytes & 8) != 0 ? words.word[i + 2] : words.word[i];
  }
#pragma unroll
  for (int i = 0; i < 5; i++) {
    words.word[i] = (bytes & 4) != 0 ? words.word[i + 1] : words.word[i];
  }
  if (sizeof(T) == 2) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      words.word[i] = (bytes & 2) != 0 ? words.word[i] >> 16 | words.word[i + 1] << 16 : words.word[i];
    }
  }
  return words.pack[0];
}

// `last`: nobody reads these bytes again. Never so where packs are joined, since two threads read each of their sectors.
template <bool last, class T>
RLHF_DEVICE Pack<T, PackSize<T>::value> load_row_pack(const T* address) {
  return last ? load_pack_last<T, PackSize<T>::value>(address) : load_pack<T, PackSize<T>::value>(address);
}

// Pack p; −∞ beyond the end of the row.
template <bool last, class T>
RLHF_DEVICE Pack<T, PackSize<T>::value> load_window(const RowWindow<T>& window, int p) {
  constexpr int kPack = PackSize<T>::value;
  const int at = p * kPack;
  if (window.within(p, p)) {
    const T* aligned = window.row + at - window.off;
    if (window.off == 0) {
      return load_row_pack<last>(aligned);
    }
    return join_packs(load_row_pack<false>(aligned), load_row_pack<false>(aligned + kPack), window.off);
  }
  Pack<T, kPack> pack;
#pragma unroll
  for (int i = 0; i < kPack; i++) {
    pack.lane[i] = at + i < window.length ? load(window.row + at + i) : from_f32<T>(-infinity());
  }
  return pack;
}

// A thread's packs p, p + stride, … of one chunk: inside the row all loads are issued before the first is used.
template <bool last, class T>
RLHF_DEVICE void load_chunk(const RowWindow<T>& window, int p, int stride, Pack<T, PackSize<T>::value> (&pack)[kChunkPacks]) {
  constexpr int kPack = PackSize<T>::value;
  if (window.within(p, p + (kChunkPacks - 1) * stride)) {
    const T* aligned = window.row + p * kPack - window.off;
    if (window.off == 0) {
#pragma unroll
      for (int i = 0; i < kChunkPacks; i++) {
        pack[i] = load_row_pack<last>(aligned + i * stride * kPack);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kChunkPacks; i++) {
        pack[i] = load_row_pack<false>(aligned + i * stride * kPack);
      }
#pragma unroll
      for (int i = 0; i < kChunkPacks; i++) {
        pack[i] = join_packs(pack[i], load_row_pack<false>(aligned + i * stride * kPack + kPack), window.off);
      }
    }
  } else {
#pragma unroll
    for (int i = 0; i < kChunkPacks; i++) {
      pack[i] = load_window<last>(window, p + i * stride);
    }
  }
}
