// Read before a kernel's text when g++ compiles it for the emulator: the twin of every name in kernels/common/portability.cuh and
// of the parts of CUDA that kernels use. Kernels are compiled inside an unnamed namespace, so equal names in two files stay apart.
#pragma once

#define RLHF_SIMT 1

#include "device_builtins.h"
#include "device_memory.h"
#include "device_tensor.h"

#define RLHF_DEVICE inline __attribute__((always_inline))

#define RLHF_ENTRY(name, Params, threads, blocks)                                                                    \
    static void name(const Params& params);                                                                          \
    static const ::rlhf_simt::Entry rlhf_simt_entry_##name(                                                          \
        #name, sizeof(Params), threads, blocks,                                                                      \
        [](const void* rlhf_simt_params) { name(*static_cast<const Params*>(rlhf_simt_params)); });                  \
    static void name(const Params& params)
