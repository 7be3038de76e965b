// A cubin's entries, registers, shared memory and parameter sizes from its ELF sections.
#pragma once

#include "image.h"

namespace rlhf_simt {

Image read_cubin(const unsigned char* data, int architecture);

}  // namespace rlhf_simt
