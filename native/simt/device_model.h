// The device that the stand-in driver claims to be, by RLHF_SIMT_ARCH.
#pragma once

#include <cstdint>

namespace rlhf_simt {

struct DeviceModel {
    int architecture, multiprocessors;
    std::int64_t l2_bytes;
    int shared_per_block, shared_per_multiprocessor;  // opt-in maximum of a block
    int threads_per_multiprocessor, blocks_per_multiprocessor;
};

const DeviceModel& device_model();

// Blocks of this shape that fit on one multiprocessor at once.
int resident_blocks(int threads, int registers, int shared_bytes);

constexpr int kRegistersPerMultiprocessor = 65536;
constexpr int kDefaultSharedPerBlock = 48 * 1024;
constexpr int kReservedSharedPerBlock = 1024;  // what the system keeps of each block's, from sm_80 on

}  // namespace rlhf_simt
