// What went wrong on the device: the first fault stays until the context is reset.
#pragma once

#include <string>

#include "cuda_api.h"
#include "runtime.h"

namespace rlhf_simt {

// Keeps the first fault's code and text; later ones are consequences.
void record_fault(CUresult code, const std::string& text);
CUresult fault_code();
std::string fault_text();
void clear_fault();

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

// "softmax_row.cuh:31", without the folders.
std::string describe(Site site);

// For code that runs as a device thread: records the fault with kernel, block, thread and place, and ends the launch.
[[noreturn]] void fail_thread(CUresult code, Site site, const std::string& what);

}  // namespace rlhf_simt
