// What a kernel image (PTX, cubin, or the emulator's own marker) declares.
#pragma once

#include <string>
#include <vector>

#include "cuda_api.h"

namespace rlhf_simt {

struct ImageEntry {
    std::string name;
    int param_bytes = -1, registers = 0, static_shared = -1;  // -1: the image does not say
};

struct Image {
    std::vector<ImageEntry> entries;
    CUresult status = CUDA_SUCCESS;
    std::string problem;
};

// Reads the image for a device of the given architecture. Text ends with a zero byte, a cubin says its own length.
Image read_image(const void* data, int architecture);

}  // namespace rlhf_simt
