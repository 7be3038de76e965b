// Initialisation, device, context, errors.
#include <cstring>

#include "driver.h"

using namespace rlhf_simt;

namespace {

thread_local CUcontext current_context = nullptr;
constexpr int kDriverVersion = 12040;

struct Named {
    CUresult code;
    const char *name, *text;
};

#define NAMED(code, text) {code, #code, text}
const Named kErrors[] = {
    NAMED(CUDA_SUCCESS, "no error"),
    NAMED(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    NAMED(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    NAMED(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    NAMED(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    NAMED(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    NAMED(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    NAMED(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    NAMED(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device"),
    NAMED(CUDA_ERROR_INVALID_PTX, "a PTX JIT compilation failed"),
    NAMED(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the provided PTX was compiled with an unsupported toolchain."),
    NAMED(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    NAMED(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    NAMED(CUDA_ERROR_NOT_READY, "device not ready"),
    NAMED(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"),
    NAMED(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"),
    NAMED(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    NAMED(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    NAMED(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "capture was not initiated in this stream"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "capturing stream has unjoined work"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "dependency created on uncaptured work in another stream"),
    NAMED(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "operation would make the legacy stream depend on a capturing blocking stream"),
    NAMED(CUDA_ERROR_UNKNOWN, "unknown error"),
};

const Named* find_error(CUresult code) {
    for (const Named& error : kErrors) {
        if (error.code == code) {
            return &error;
        }
    }
    return nullptr;
}

int attribute(int which) {
    const DeviceModel& model = device_model();
    switch (which) {
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
            return kMaxThreads;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
            return 64;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
            return 0x7FFFFFFF;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
            return 65535;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
            return kDefaultSharedPerBlock;
        case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
            return kWarpSize;
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
            return kRegistersPerMultiprocessor;
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
            return 1500000;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
            return model.multiprocessors;
        case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
        case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
            return 1;
        case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
            return static_cast<int>(model.l2_bytes);
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
            return model.threads_per_multiprocessor;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
            return model.architecture / 10;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
            return model.architecture % 10;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
            return model.shared_per_multiprocessor;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
            return model.shared_per_block;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
            return model.blocks_per_multiprocessor;
        case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
            return model.architecture >= 90 ? 1 : 0;
        default:
            return 0;
    }
}

CUresult device_call(CUdevice device) {
    if (!Driver::instance().initialised) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

}  // namespace

namespace rlhf_simt {

Driver& Driver::instance() {
    static auto* driver = new Driver;  // calls may come while the process ends
    return *driver;
}

CUresult ready() {
    if (!Driver::instance().initialised) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (current_context == nullptr) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return fault_code();
}

bool is_live(const void* handle) {
    std::lock_guard<std::recursive_mutex> lock(Driver::instance().mutex);
    return Driver::instance().live.count(handle) != 0;
}

}  // namespace rlhf_simt

RLHF_CUDA cuInit(unsigned flags) {
    if (flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    DeviceMemory::instance();
    Driver::instance().initialised = true;
    return CUDA_SUCCESS;
}

RLHF_CUDA cuDriverGetVersion(int* version) {
    *version = kDriverVersion;
    return CUDA_SUCCESS;
}

RLHF_CUDA cuDeviceGetCount(int* count) {
    *count = 1;
    return Driver::instance().initialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

RLHF_CUDA cuDeviceGet(CUdevice* device, int ordinal) {
    *device = ordinal;
    return device_call(ordinal);
}

RLHF_CUDA cuDeviceGetName(char* name, int length, CUdevice device) {
    if (length > 0) {
        std::string text = format("Rlhf SIMT emulator (sm_%d)", device_model().architecture);
        std::strncpy(name, text.c_str(), static_cast<std::size_t>(length));
        name[length - 1] = '\0';
    }
    return device_call(device);
}

RLHF_CUDA cuDeviceGetAttribute(int* value, int which, CUdevice device) {
    *value = attribute(which);
    return device_call(device);
}

RLHF_CUDA cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice device) {
    *bytes = DeviceMemory::instance().total();
    return device_call(device);
}

RLHF_CUDA cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    *context = &Driver::instance().primary;
    return device_call(device);
}

RLHF_CUDA cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    return device_call(device);
}

RLHF_CUDA cuDevicePrimaryCtxReset_v2(CUdevice device) {
    DeviceMemory::instance().release_all();
    clear_fault();
    return device_call(device);
}

RLHF_CUDA cuCtxSetCurrent(CUcontext context) {
    if (!Driver::instance().initialised) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (context != nullptr && context != &Driver::instance().primary) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    current_context = context;
    return CUDA_SUCCESS;
}

RLHF_CUDA cuCtxGetCurrent(CUcontext* context) {
    *context = current_context;
    return Driver::instance().initialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

RLHF_CUDA cuCtxSynchronize() {
    return ready_to_synchronise();
}

RLHF_CUDA cuGetErrorName(CUresult code, const char** name) {
    const Named* error = find_error(code);
    *name = error != nullptr ? error->name : nullptr;
    return error != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// The current fault's text follows the driver's words for its code.
RLHF_CUDA cuGetErrorString(CUresult code, const char** text) {
    static thread_local std::string full;
    const Named* error = find_error(code);
    *text = error != nullptr ? error->text : nullptr;
    if (error != nullptr && code != CUDA_SUCCESS && code == fault_code()) {
        full = std::string(error->text) + ": " + fault_text();
        *text = full.c_str();
    }
    return error != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

extern "C" RLHF_SIMT_API void rlhf_simt_reset_fault(void) {
    clear_fault();
}
