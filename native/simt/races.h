// Races on global memory within a launch, when checking them is on: accesses by threads of one block are ordered by its barriers
// and by __syncwarp, accesses of two blocks only by arrive_last.
#pragma once

#include <cstdint>
#include <string>

#include "runtime.h"

namespace rlhf_simt {

struct Thread;

void begin_race_check(std::uint64_t blocks);
std::string find_race(Thread& thread, std::uint64_t address, unsigned bytes, unsigned element, bool write, Site site);
void note_arrival(Thread& thread, bool last);

}  // namespace rlhf_simt
