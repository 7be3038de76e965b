// The device's memory: allocations in one reserved range of addresses that are never used twice, so that an address tells whether
// it is allocated, freed or between two allocations.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "cuda_api.h"
#include "runtime.h"

namespace rlhf_simt {

class DeviceMemory {
  public:
    static DeviceMemory& instance();

    CUresult allocate(std::uint64_t bytes, std::uint64_t* address);
    CUresult release(std::uint64_t address);
    void release_all();
    std::uint64_t total() const { return total_; }
    std::uint64_t free();

    // Whether [address, address + bytes) lies in one live allocation.
    bool contains(std::uint64_t address, std::uint64_t bytes);
    bool is_device(std::uint64_t address) const;
    void mark_initialised(std::uint64_t address, std::uint64_t bytes);
    void copy_state(std::uint64_t to, std::uint64_t from, std::uint64_t bytes);
    // The first byte of the range that is allocated but was never written; `bytes` when there is none.
    std::uint64_t first_uninitialised(std::uint64_t address, std::uint64_t bytes) const;

    // "64 bytes past the end of the allocation of 4096 bytes at 0x…", for an address that is not allocated.
    std::string describe(std::uint64_t address);

  private:
    DeviceMemory();
    std::uint64_t first_hole(std::uint64_t bytes);
    void forget(std::uint64_t address, std::uint64_t bytes);

    struct Range {
        std::uint64_t bytes;
        bool live;
    };
    std::mutex mutex_;
    std::atomic<std::uint64_t> generation_{0};
    std::map<std::uint64_t, Range> ranges_;
    std::uint64_t next_ = 0, used_ = 0, total_ = 0;
};

}  // namespace rlhf_simt
