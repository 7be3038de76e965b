// How the tensor-core head cuts the vocabulary, and what it leaves of each cut.
#pragma once

#include "sequence/softmax_row.cuh"

// Columns of a split: fixed, so that a row has the same bits whatever rows stand beside it.
constexpr int kSplit = 1024;

// A row's state over one split, and u of its target where that lies in the split: 16 bytes, [splits, rows].
RLHF_DEVICE float* split_at(float* partials, int split, int rows, int row) {
  return partials + (static_cast<long long>(split) * rows + row) * 4;
}
