// The table of compiled-in kernels.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "rlhf_simt.h"
#include "runtime.h"

namespace rlhf_simt {

struct Kernel {
    explicit Kernel(const Entry& registered) : entry(registered) {}

    const Entry& entry;
    std::atomic<int> registers{0}, image_registers{0}, image_shared{-1};

    // Static shared arrays by declaration, laid out as threads first reach them.
    struct Array {
        const void* tag;
        int offset, bytes;
    };
    std::mutex layout;
    std::atomic<int> array_count{0};
    Array arrays[64];
    std::atomic<int> static_shared{0};

    std::mutex counting;
    rlhf_simt_counters_t counters{};
};

Kernel* find_kernel(const std::string& name);
const std::vector<Kernel*>& kernels();

}  // namespace rlhf_simt
