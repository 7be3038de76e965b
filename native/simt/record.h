// What a launch moved: the threads' accesses are grouped into those that a warp makes together.
#pragma once

#include <cstdint>

namespace rlhf_simt {

struct Launch;
struct Block;

int record_level();
void begin_recording(const Launch& launch);
void record_block(const Launch& launch, Block& block);
void end_recording(const Launch& launch);

}  // namespace rlhf_simt
