// One access of one thread, kept until its block ends.
#pragma once

#include <cstdint>

#include "runtime.h"

namespace rlhf_simt {

struct LogEntry {
    const void* instruction;  // equal for the lanes that execute it together
    std::uint64_t address;    // offset in shared memory, when shared
    std::uint8_t bytes;
    bool shared;
    Access access;
};

}  // namespace rlhf_simt
