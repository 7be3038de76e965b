/* Control of the emulator: exported by librlhf_simt_cuda.so beside the driver API. */
#pragma once

#include <stdint.h>

#define RLHF_SIMT_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

enum { RLHF_SIMT_ASCENDING = 0, RLHF_SIMT_DESCENDING = 1, RLHF_SIMT_RANDOM = 2 };

/* What is recorded: nothing; bytes, requests, sectors and bank conflicts; these and the traffic of L2 and DRAM. */
enum { RLHF_SIMT_RECORD_OFF = 0, RLHF_SIMT_RECORD_ACCESSES = 1, RLHF_SIMT_RECORD_TRAFFIC = 2 };

/* Sums over the launches of one entry since the last reset. */
typedef struct {
    uint64_t launches, blocks, threads;
    uint64_t read_bytes, write_bytes;           /* what the threads asked for, global memory */
    uint64_t read_requests, write_requests;     /* accesses of a warp */
    uint64_t read_sectors, write_sectors;       /* of 32 bytes, each access of a warp by itself; x 32 = raw traffic */
    uint64_t widest_read, widest_write;         /* bytes of the widest access of a thread */
    uint64_t atomics;
    uint64_t shared_requests, bank_conflicts;   /* passes beyond the first */
    uint64_t compulsory_read, compulsory_write; /* bytes of different sectors a launch touched: what no cache can save */
    uint64_t dram_read, dram_write;             /* bytes by the model of L2 */
} rlhf_simt_counters_t;

RLHF_SIMT_EXPORT void rlhf_simt_set_schedule(int kind, uint64_t seed);
/* Races between blocks and threads on global memory; off by default (slow, one host thread). */
RLHF_SIMT_EXPORT void rlhf_simt_check_races(int on);
RLHF_SIMT_EXPORT void rlhf_simt_record(int level);
RLHF_SIMT_EXPORT void rlhf_simt_reset_counters(void);
/* 0, or 1 when there is no such entry. Launches, blocks and threads are counted at every level. */
RLHF_SIMT_EXPORT int rlhf_simt_counters(const char* entry, rlhf_simt_counters_t* counters);
/* Registers a thread of the entry uses, for residency; 0 = take the loaded image's, or what the launch bounds allow. */
RLHF_SIMT_EXPORT int rlhf_simt_set_registers(const char* entry, int registers);

/* Number of entries and the name of each. */
RLHF_SIMT_EXPORT int rlhf_simt_entries(void);
RLHF_SIMT_EXPORT const char* rlhf_simt_entry(int index);
RLHF_SIMT_EXPORT uint64_t rlhf_simt_launches(const char* entry);

/* The text of the first fault since the last reset, "" when there is none. */
RLHF_SIMT_EXPORT const char* rlhf_simt_last_fault(void);
/* Forgets the fault, which every call returns until then. Memory stays. */
RLHF_SIMT_EXPORT void rlhf_simt_reset_fault(void);

/* Runs work(user) in the stream's order: now, or on each replay of the graph being captured. `done` frees user. */
RLHF_SIMT_EXPORT int rlhf_simt_enqueue(void* stream, int (*work)(void* user), void* user, void (*done)(void* user));
/* For libraries that work on device memory: 0 when `rows` rows of `row_bytes`, `pitch` bytes apart, are allocated (and, with
   write = 0, written); otherwise a fault that names `who`. With write = 1 they count as written from now on. */
RLHF_SIMT_EXPORT int rlhf_simt_check_rows(const char* who, const void* address, int64_t rows, int64_t row_bytes, int64_t pitch,
                                          int write);

#ifdef __cplusplus
}
#endif
