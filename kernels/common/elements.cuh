// A block's walk over its share of an element kernel's [rows, cols] views: 16-byte accesses where every view is aligned for them,
// single elements otherwise.
#pragma once

// The host packs it as ElementGrid. One long row where all views are dense and nothing is per row. Chunks follow from the shape
// alone, so that sums have the same bits on every device.
struct ElementGrid {
  long long count;  // elements of all rows
  long long cols;   // elements of one row
  int chunk;        // elements of one block, a multiple of four
  int packed;       // each four elements from a multiple of four on lie in one row and are aligned in every view
};

// Calls visit.at<4>(row, col) or visit.at<1>(row, col) for this thread's elements of the block's chunk.
template <class Visit>
RLHF_DEVICE void for_each_element(const ElementGrid& grid, Visit& visit) {
  const long long begin = static_cast<long long>(blockIdx.x) * grid.chunk;
  const long long rest = grid.count - begin;
  const int length = static_cast<int>(rest < grid.chunk ? rest : grid.chunk);
  const bool flat = grid.cols == grid.count;
  const long long first_row = flat ? 0 : begin / grid.cols;
  const long long first_col = begin - first_row * grid.cols;
  const unsigned cols = static_cast<unsigned>(grid.cols);
  const int packs = grid.packed != 0 ? length / 4 : 0;
  const int threads = static_cast<int>(blockDim.x);
  for (int p = static_cast<int>(threadIdx.x); p < packs; p += threads) {
    if (flat) {
      visit.template at<4>(0, first_col + 4 * p);
    } else {
      unsigned col = static_cast<unsigned>(first_col) + 4u * static_cast<unsigned>(p);
      visit.template at<4>(first_row + col / cols, col % cols);
    }
  }
  for (int i = 4 * packs + static_cast<int>(threadIdx.x); i < length; i += threads) {
    if (flat) {
      visit.template at<1>(0, first_col + i);
    } else {
      unsigned col = static_cast<unsigned>(first_col) + static_cast<unsigned>(i);
      visit.template at<1>(first_row + col / cols, col % cols);
    }
  }
}

// N neighbours that are not wanted again.
template <int N>
RLHF_DEVICE Pack<float, N> load_lanes(const Matrix<const float>& matrix, long long row, long long col) {
  const float* from = row_of(matrix, row) + col;
  if constexpr (N == 4) {
    return load_pack_last<float, 4>(from);
  } else {
    return Pack<float, 1>{{load(from)}};
  }
}

// N neighbours that are read again soon.
template <int N>
RLHF_DEVICE Pack<float, N> load_lanes_cached(const Matrix<const float>& matrix, long long row, long long col) {
  const float* from = row_of(matrix, row) + col;
  if constexpr (N == 4) {
    return load_pack<float, 4>(from);
  } else {
    return Pack<float, 1>{{load(from)}};
  }
}

// N neighbours, or N times `otherwise` of a matrix that was left out.
template <int N>
RLHF_DEVICE Pack<float, N> load_lanes_or(const Matrix<const float>& matrix, long long row, long long col, float otherwise) {
  if (given(matrix)) {
    return load_lanes<N>(matrix, row, col);
  }
  Pack<float, N> lanes;
#pragma unroll
  for (int i = 0; i < N; i++) {
    lanes.lane[i] = otherwise;
  }
  return lanes;
}

// Nothing where the matrix was left out.
template <int N>
RLHF_DEVICE void store_lanes(const Matrix<float>& matrix, long long row, long long col, const Pack<float, N>& lanes) {
  if (!given(matrix)) {
    return;
  }
  float* to = row_of(matrix, row) + col;
  if constexpr (N == 4) {
    store_pack<float, 4>(to, lanes);
  } else {
    store(to, lanes.lane[0]);
  }
}

// N neighbouring mask bytes, one word; all count where the mask was left out.
template <int N>
RLHF_DEVICE unsigned load_flags(const Matrix<const unsigned char>& mask, long long row, long long col) {
  if (!given(mask)) {
    return 0x01010101u;
  }
  const unsigned char* from = row_of(mask, row) + col;
  if constexpr (N == 4) {
    return load(reinterpret_cast<const unsigned*>(from));
  } else {
    return load(from);
  }
}

RLHF_DEVICE bool flag_at(unsigned flags, int lane) {
  return (flags & (0xFFu << (8 * lane))) != 0;
}

// Writes statistic i of a launch, the first one times a factor (a loss is normalised, its other statistics are not).
struct WriteStats {
  Matrix<float> stats;
  double loss_factor;

  RLHF_DEVICE void operator()(int i, double total) const {
    store(row_of(stats, i), static_cast<float>(i == 0 ? total * loss_factor : total));
  }
};
