// What device code and the engine share: the running thread, the entry table, and the engine's functions that emulated device
// code calls. Included by device.h (kernels) and by the engine.
#pragma once

#include <cstdint>

#define RLHF_SIMT_API __attribute__((visibility("default")))

namespace rlhf_simt {

struct Index3 {
    unsigned x, y, z;
};

// Where in the source a device-side operation stands; faults name it.
struct Site {
    const char* file;
    int line;
};

struct BlockView {
    Index3 block_index, block_size, grid_size;
};

struct ThreadView {
    Index3 thread_index;
    const BlockView* block;
};

// The device's memory as one reserved range with one shadow byte per byte. Kernels check the common case inline against it.
struct MemoryView {
    std::uint64_t base, size;
    unsigned char* shadow;
    int watch;  // Watch bits: nonzero sends every access through the slow path
};

// A shadow byte: written to, which only allocated bytes can be. Zero says nothing, so that allocating touches no page.
constexpr unsigned char kInitialised = 1;
enum Watch : int { kWatchRecord = 1, kWatchRaces = 2, kWatchPreempt = 4 };

using Body = void (*)(const void* params);

struct Entry {
    const char* name;
    unsigned param_bytes, threads, min_blocks;
    Body body;

    Entry(const char* name, unsigned param_bytes, unsigned threads, unsigned min_blocks, Body body);
};

enum class WarpOp : int { kSync, kBallot, kAny, kAll, kIndex, kUp, kDown, kXor, kMatrix, kMma };

// One lane's side of a warp operation. `operand` points to what matrix operations read and write.
struct WarpRequest {
    WarpOp op;
    unsigned mask;
    int argument, width;
    std::uint64_t value;
    const void* operand;
    Site site;
};

struct MmaOperand {
    float* d;
    const unsigned* a;
    const unsigned* b;
    bool f16;
};

struct MatrixOperand {
    unsigned* fragment;
    const unsigned char* row;
};

enum class Access : int { kRead, kWrite, kReadLast, kWriteStreaming, kAtomic };

inline bool writes(Access access) {
    return access == Access::kWrite || access == Access::kWriteStreaming || access == Access::kAtomic;
}

}  // namespace rlhf_simt

extern "C" {
extern RLHF_SIMT_API __thread const rlhf_simt::ThreadView* rlhf_simt_current __attribute__((tls_model("initial-exec")));
extern RLHF_SIMT_API rlhf_simt::MemoryView rlhf_simt_memory;

RLHF_SIMT_API void rlhf_simt_register(const rlhf_simt::Entry* entry);

// Checks an access that the inline path could not accept: returns when it is allowed, ends the launch when it is not.
RLHF_SIMT_API void rlhf_simt_global(const void* address, unsigned bytes, unsigned element, rlhf_simt::Access access,
                                    rlhf_simt::Site site);

// The bytes of a shared access at `offset` of the array [begin, end) of the running block.
RLHF_SIMT_API unsigned char* rlhf_simt_shared(int begin, int end, int offset, unsigned bytes, unsigned element, bool write,
                                              rlhf_simt::Site site);
// The same in the block of the cluster with the given rank, to read.
RLHF_SIMT_API const unsigned char* rlhf_simt_peer_shared(int begin, int end, int offset, unsigned bytes, unsigned rank,
                                                         rlhf_simt::Site site);
// The offset of a block's array, the same for all its threads; `tag` is the declaration.
RLHF_SIMT_API int rlhf_simt_shared_array(const void* tag, int bytes, rlhf_simt::Site site);
RLHF_SIMT_API int rlhf_simt_dynamic_begin(void);
RLHF_SIMT_API int rlhf_simt_dynamic_end(void);

RLHF_SIMT_API std::uint64_t rlhf_simt_warp(const rlhf_simt::WarpRequest* request);
RLHF_SIMT_API int rlhf_simt_barrier(int predicate, int* count, rlhf_simt::Site site);
RLHF_SIMT_API void rlhf_simt_cluster_barrier(rlhf_simt::Site site);
RLHF_SIMT_API unsigned rlhf_simt_cluster_rank(rlhf_simt::Site site);
RLHF_SIMT_API unsigned rlhf_simt_cluster_size(rlhf_simt::Site site);

RLHF_SIMT_API bool rlhf_simt_arrive_last(unsigned* counter, unsigned blocks, rlhf_simt::Site site);
RLHF_SIMT_API void rlhf_simt_atomic_min(unsigned long long* word, unsigned long long value, rlhf_simt::Site site);

RLHF_SIMT_API void rlhf_simt_copy_async(int begin, int end, int to, const void* from, unsigned element,
                                        rlhf_simt::Site site);
RLHF_SIMT_API void rlhf_simt_copy_commit(void);
RLHF_SIMT_API void rlhf_simt_copy_wait(int pending, rlhf_simt::Site site);
RLHF_SIMT_API void rlhf_simt_need_architecture(int architecture, const char* what, rlhf_simt::Site site);
}

inline rlhf_simt::Entry::Entry(const char* entry_name, unsigned bytes, unsigned bound, unsigned blocks, Body run)
    : name(entry_name), param_bytes(bytes), threads(bound), min_blocks(blocks), body(run) {
    rlhf_simt_register(this);
}
