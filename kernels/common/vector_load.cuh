// A thread's walk over a row: 16-byte accesses where the row is aligned, single elements before and after (the head and tail of
// an odd row), so that any length, pitch and base address works at full width.
#pragma once

// How a row of `length` elements splits: [0, head) one by one, then `packs` of 16 bytes, then the rest one by one.
struct RowSplit {
  int head, packs, length;
};

template <class T>
RLHF_DEVICE RowSplit split_row(const T* row, int length) {
  constexpr int kPack = PackSize<T>::value;
  int misaligned = static_cast<int>(address_of(row) % 16) / static_cast<int>(sizeof(T));
  int head = misaligned == 0 ? 0 : kPack - misaligned;
  head = head < length ? head : length;
  return RowSplit{head, (length - head) / kPack, length};
}

// Calls visit(index, value) for this thread's elements of a row: the same elements in the same order on each call with the same
// arguments. `thread` of `threads` share the row. With `last` the elements are not wanted again from the cache.
template <bool last, class T, class Visit>
RLHF_DEVICE void for_each_in_row(const T* row, const RowSplit& split, int thread, int threads, Visit visit) {
  constexpr int kPack = PackSize<T>::value;
  for (int i = thread; i < split.head; i += threads) {
    visit(i, to_f32(load(row + i)));
  }
#pragma unroll 2
  for (int p = thread; p < split.packs; p += threads) {
    int at = split.head + p * kPack;
    Pack<T, kPack> pack = last ? load_pack_last<T, kPack>(row + at) : load_pack<T, kPack>(row + at);
#pragma unroll
    for (int i = 0; i < kPack; i++) {
      visit(at + i, to_f32(pack.lane[i]));
    }
  }
  for (int i = split.head + split.packs * kPack + thread; i < split.length; i += threads) {
    visit(i, to_f32(load(row + i)));
  }
}

// Writes make(index, value of `from` there) to each element of `to` (which may be `from`). Where the two rows are aligned alike
// both sides move 16 bytes at a time; else single elements are written.
template <class T, class Make>
RLHF_DEVICE void transform_row(const T* from, T* to, const RowSplit& split, int thread, int threads, Make make) {
  constexpr int kPack = PackSize<T>::value;
  const bool alike = address_of(from) % 16 == address_of(to) % 16;
  for (int i = thread; i < split.head; i += threads) {
    store(to + i, from_f32<T>(make(i, to_f32(load(from + i)))));
  }
#pragma unroll 2
  for (int p = thread; p < split.packs; p += threads) {
    int at = split.head + p * kPack;
    Pack<T, kPack> pack = load_pack_last<T, kPack>(from + at);
#pragma unroll
    for (int i = 0; i < kPack; i++) {
      pack.lane[i] = from_f32<T>(make(at + i, to_f32(pack.lane[i])));
    }
    if (alike) {
      store_pack_streaming<T, kPack>(to + at, pack);
    } else {
#pragma unroll
      for (int i = 0; i < kPack; i++) {
        store(to + at + i, pack.lane[i]);
      }
    }
  }
  for (int i = split.head + split.packs * kPack + thread; i < split.length; i += threads) {
    store(to + i, from_f32<T>(make(i, to_f32(load(from + i)))));
  }
}
