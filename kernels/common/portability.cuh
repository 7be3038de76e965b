// The one file that knows which compiler reads it. Kernels use the names below and nothing else of CUDA beside threadIdx,
// blockIdx, blockDim, gridDim, __syncthreads, __syncwarp, the __shfl_*_sync, __ballot_sync and __any_sync families, and libm's
// single-precision functions. NVRTC brings no headers, so nothing is included; g++ reads the emulator's device.h first
// (native/simt), which defines RLHF_SIMT and gives every name here its emulated twin.
#pragma once

#ifndef RLHF_SIMT

// An entry: extern "C", one parameter block by value, at most `threads` threads a block (the host launches exactly that many,
// read back from the compiled function), at least `blocks` of them resident on a multiprocessor. The body stands on lines of its
// own: NVRTC 11.8 with -lineinfo recurses without end over an entry that is written on one line.
#if defined(__clang__)
#define RLHF_PARAMS(Params) const Params params
#else
#define RLHF_PARAMS(Params) const __grid_constant__ Params params
#endif
#define RLHF_ENTRY(name, Params, threads, blocks) \
  extern "C" __global__ __launch_bounds__(threads, blocks) void name(RLHF_PARAMS(Params))

#define RLHF_DEVICE __device__ __forceinline__

// ---- Shared memory ---------------------------------------------------------------------------------------------------
// Shared<T> is a pointer on a device and a checked one in the emulator: index it, add to it, pass it on, but never cast it.

template <class T>
using Shared = T*;

// A block's array of `count` elements, 16-byte aligned.
#define RLHF_SHARED(T, name, count) __shared__ __align__(16) T name[count]

// The block's dynamic shared memory, from `byte_offset` on (a multiple of 16), as T.
template <class T>
RLHF_DEVICE Shared<T> dynamic_shared(int byte_offset = 0) {
  extern __shared__ __align__(16) unsigned char rlhf_dynamic_shared[];
  return reinterpret_cast<T*>(rlhf_dynamic_shared + byte_offset);
}

// ---- Global memory ---------------------------------------------------------------------------------------------------
// Every access goes through these, so that the emulator can check and count it.

// N elements that move as one access; the address is a multiple of its size.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T lane[N];
};

template <class T>
RLHF_DEVICE T load(const T* address) {
  return *address;
}

template <class T>
RLHF_DEVICE void store(T* address, T value) {
  *address = value;
}

// 16 bytes; cached, for what is read again.
template <class T, int N>
RLHF_DEVICE Pack<T, N> load_pack(const T* address) {
  static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
  union {
    uint4 raw;
    Pack<T, N> pack;
  } bits;
  bits.raw = *reinterpret_cast<const uint4*>(address);
  return bits.pack;
}

// 16 bytes that nobody reads again: first to leave the cache.
template <class T, int N>
RLHF_DEVICE Pack<T, N> load_pack_last(const T* address) {
  static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
  union {
    uint4 raw;
    Pack<T, N> pack;
  } bits;
  bits.raw = __ldcs(reinterpret_cast<const uint4*>(address));
  return bits.pack;
}

template <class T, int N>
RLHF_DEVICE void store_pack(T* address, const Pack<T, N>& value) {
  static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
  union {
    uint4 raw;
    Pack<T, N> pack;
  } bits;
  bits.pack = value;
  *reinterpret_cast<uint4*>(address) = bits.raw;
}

// 16 bytes that are not read again here: they do not push out what is.
template <class T, int N>
RLHF_DEVICE void store_pack_streaming(T* address, const Pack<T, N>& value) {
  static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
  union {
    uint4 raw;
    Pack<T, N> pack;
  } bits;
  bits.pack = value;
  __stcs(reinterpret_cast<uint4*>(address), bits.raw);
}

template <class T, int N>
RLHF_DEVICE Pack<T, N> load_shared_pack(Shared<T> address) {
  return *reinterpret_cast<const Pack<T, N>*>(address);
}

template <class T, int N>
RLHF_DEVICE void store_shared_pack(Shared<T> address, const Pack<T, N>& value) {
  *reinterpret_cast<Pack<T, N>*>(address) = value;
}

// The address as a number, to find its alignment.
template <class T>
RLHF_DEVICE unsigned long long address_of(const T* address) {
  return reinterpret_cast<unsigned long long>(address);
}

// ---- Between blocks --------------------------------------------------------------------------------------------------

// Called by one thread after its block has written its partial results: true in exactly one block of the grid, the last one to
// arrive, which then sees the results of all others. The counter begins at 0 and is left at 0.
RLHF_DEVICE bool arrive_last(unsigned* counter, unsigned blocks) {
  __threadfence();
  bool last = atomicInc(counter, blocks - 1) == blocks - 1;
  __threadfence();
  return last;
}

// Keeps the smallest code; all ones is "no error".
RLHF_DEVICE void report_error(unsigned long long* word, unsigned long long code) {
  atomicMin(word, code);
}

// ---- What needs PTX: proven by the emulated twin only until a device ran it --------------------------------------------

// 2^x, 2 ulp; results below the normal range are 0.
RLHF_DEVICE float exp2_approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

RLHF_DEVICE float f16_bits_to_f32(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

// Nearest, ties to even; beyond ±65504 (rounded) infinite.
RLHF_DEVICE unsigned short f32_to_f16_bits(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

#if __CUDA_ARCH__ >= 800
// 16 bytes from global to shared memory without a register; visible after cp_async_wait and a barrier.
template <class T>
RLHF_DEVICE void cp_async_16(Shared<T> to, const T* from) {
  unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(from) : "memory");
}

RLHF_DEVICE void cp_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most `pending` of this thread's groups are under way.
template <int pending>
RLHF_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Four 8×8 matrices of 16-bit elements; lane l gives the address of row l % 8 of matrix l / 8.
template <class T>
RLHF_DEVICE void ldmatrix_x4(unsigned (&fragment)[4], Shared<T> row) {
  unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(address)
               : "memory");
}

// d += a · b for a 16×16, b 16×8 in bf16, d 16×8 in f32, by the lane layout of mma.m16n8k16.
RLHF_DEVICE void mma_m16n8k16_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The same in f16.
RLHF_DEVICE void mma_m16n8k16_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

#if __CUDA_ARCH__ >= 900
// This block's place in its cluster, and the cluster's size.
RLHF_DEVICE unsigned cluster_rank() {
  unsigned rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

RLHF_DEVICE unsigned cluster_size() {
  unsigned size;
  asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}

// A barrier of all threads of all blocks of the cluster; shared memory written before is visible to peers after.
RLHF_DEVICE void cluster_sync() {
  asm volatile("barrier.cluster.arrive.aligned;\n\tbarrier.cluster.wait.aligned;" ::: "memory");
}

// The f32 at the same place in the shared memory of the block with the given rank.
RLHF_DEVICE float cluster_read(Shared<float> own, unsigned rank) {
  unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(own)), peer;
  float value;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(peer) : "r"(address), "r"(rank));
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(value) : "r"(peer) : "memory");
  return value;
}
#endif

#endif  // RLHF_SIMT
