// Block sizes and unrolls in one place, with what chose them. The host reads a kernel's block size back from the compiled
// function.
#pragma once

// Element kernels (losses, KL, whitening, AdamW): bound by DRAM; 256 threads with 16-byte loads keep 8 blocks of 32 registers
// resident on every architecture from sm_70.
constexpr int kElementThreads = 256;

// A row of logits per block: 1,024 threads hide the latency of one row with one block an SM, so that the rows in flight
// (SMs × V × bytes) fit L2 and the second read of PPO-from-logits does not reach DRAM.
constexpr int kRowThreads = 1024;

// A row of logits per warp, for rows too short to fill a block.
constexpr int kShortRowThreads = 256;
constexpr int kShortRow = 1024;

// Whitening in one block: two sweeps over 8,192 elements cost less than a second launch.
constexpr int kWhitenSmallThreads = 512;

// GAE over rows longer than 1,024 steps: a tile of 2,048 steps, a row per block. 1,024 threads would spill.
constexpr int kLongGaeThreads = 512;

// GAE over columns: few registers, and small blocks, since there are no more threads than columns.
constexpr int kColumnThreads = 64;

// The fused head's forward: own tensor-core kernel (no logits written) up to this hidden size, beyond it cuBLAS with f32 logits
// in chunks (LinearLogprobsMma.LargestHiddenSize). Reckoned, not measured: per logit cuBLAS takes 2·H flops at about 75 % of peak
// and 8 bytes written and read again, mma.sync 2·H flops at about 50 % on sm_80 and 35 % on sm_90. A100 (312 TFLOP/s, 1.7 TB/s
// reached): 8.5e-15 H + 4.6e-12 s against 12.8e-15 H; H100 (989, 2.8): 2.7e-15 H + 2.8e-12 against 5.8e-15 H: they meet at H =
// 1,070 and 910.
constexpr int kMmaHiddenSize = 1024;
