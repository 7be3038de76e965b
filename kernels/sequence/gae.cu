// Advantages and returns in one launch: delta = r + gamma V' - V, A = delta + gamma lambda A', return = A + V, backwards in time.
// Shapes: [B, T] (rows) or [T, B] (columns), last values [B]. One pass: 8 bytes read (1 more for each of mask, dones and
// truncations, 4 for truncation values) and 8 written a step. Launched by GaeCuda.
#include "common/rlhf.cuh"
#include "sequence/gae_step.cuh"
#include "sequence/gae_rows.cuh"
#include "sequence/gae_columns.cuh"

RLHF_ENTRY(rlhf_gae_rows_f32, GaeParams, kElementThreads, 3) {
  gae_rows(params);
}

// T beyond 1,024.
RLHF_ENTRY(rlhf_gae_rows_long_f32, GaeParams, kLongGaeThreads, 1) {
  gae_rows(params);
}

RLHF_ENTRY(rlhf_gae_columns_f32, GaeParams, kColumnThreads, 4) {
  gae_columns<1, 8>(params);
}

// Four columns a thread with 16-byte accesses, for matrices wide enough to fill the device that way.
RLHF_ENTRY(rlhf_gae_columns_packed_f32, GaeParams, kColumnThreads, 4) {
  gae_columns<4, 4>(params);
}
