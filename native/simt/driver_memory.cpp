// Memory and copies.
#include <cstdlib>
#include <cstring>

#include "driver.h"

using namespace rlhf_simt;

namespace {

// A copy or fill that leaves its allocation is refused at once, as by the driver.
bool on_device(CUdeviceptr address, std::size_t bytes) {
    return bytes == 0 || DeviceMemory::instance().contains(address, bytes);
}

void to_device(CUdeviceptr to, const void* from, std::size_t bytes) {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    DeviceMemory::instance().mark_initialised(to, bytes);
}

// Bytes that nobody wrote arrive as ones (NaN in every float type), so that nobody mistakes them for results.
void to_host(void* to, CUdeviceptr from, std::size_t bytes) {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    const DeviceMemory& memory = DeviceMemory::instance();
    auto* target = static_cast<unsigned char*>(to);
    for (std::size_t at = memory.first_uninitialised(from, bytes); at < bytes;) {
        target[at++] = 0xFF;
        at += memory.first_uninitialised(from + at, bytes - at);
    }
}

void between(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
    std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    DeviceMemory::instance().copy_state(to, from, bytes);
}

template <class T>
CUresult fill(CUdeviceptr to, T value, std::size_t count, CUstream stream) {
    if (!on_device(to, count * sizeof(T)) || to % sizeof(T) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(stream, [=] {
        T* target = reinterpret_cast<T*>(to);
        for (std::size_t i = 0; i < count; i++) {
            target[i] = value;
        }
        DeviceMemory::instance().mark_initialised(to, count * sizeof(T));
    });
}

}  // namespace

RLHF_CUDA cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    *free = DeviceMemory::instance().free();
    *total = DeviceMemory::instance().total();
    return ready();
}

RLHF_CUDA cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
    CUresult status = ready_to_synchronise();
    std::uint64_t place = 0;
    status = status == CUDA_SUCCESS ? DeviceMemory::instance().allocate(bytes, &place) : status;
    *address = place;
    return status;
}

RLHF_CUDA cuMemFree_v2(CUdeviceptr address) {
    CUresult status = ready_to_synchronise();
    return status == CUDA_SUCCESS && address != 0 ? DeviceMemory::instance().release(address) : status;
}

RLHF_CUDA cuMemAllocHost_v2(void** address, std::size_t bytes) {
    CUresult status = ready_to_synchronise();
    *address = status == CUDA_SUCCESS ? std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : nullptr;
    return status == CUDA_SUCCESS && *address == nullptr ? CUDA_ERROR_OUT_OF_MEMORY : status;
}

RLHF_CUDA cuMemFreeHost(void* address) {
    std::free(address);
    return CUDA_SUCCESS;
}

RLHF_CUDA cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream) {
    if (!on_device(to, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(stream, [=] { to_device(to, from, bytes); });
}

RLHF_CUDA cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
    if (!on_device(from, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(stream, [=] { to_host(to, from, bytes); });
}

RLHF_CUDA cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
    if (!on_device(to, bytes) || !on_device(from, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(stream, [=] { between(to, from, bytes); });
}

RLHF_CUDA cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
    return cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
}

RLHF_CUDA cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
    return cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
}

RLHF_CUDA cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
    return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}

RLHF_CUDA cuMemsetD8Async(CUdeviceptr to, unsigned char value, std::size_t count, CUstream stream) {
    return fill(to, value, count, stream);
}

RLHF_CUDA cuMemsetD32Async(CUdeviceptr to, unsigned value, std::size_t count, CUstream stream) {
    return fill(to, value, count, stream);
}

RLHF_CUDA cuMemsetD8_v2(CUdeviceptr to, unsigned char value, std::size_t count) {
    return fill(to, value, count, nullptr);
}

RLHF_CUDA cuMemsetD32_v2(CUdeviceptr to, unsigned value, std::size_t count) {
    return fill(to, value, count, nullptr);
}

extern "C" RLHF_SIMT_EXPORT int rlhf_simt_check_rows(const char* who, const void* address, int64_t rows, int64_t row_bytes, int64_t pitch,
                                                     int write) {
    DeviceMemory& memory = DeviceMemory::instance();
    auto base = reinterpret_cast<std::uint64_t>(address);
    auto length = static_cast<std::uint64_t>(row_bytes);
    for (int64_t row = 0; row < rows && row_bytes > 0; row++) {
        std::uint64_t start = base + static_cast<std::uint64_t>(row * pitch);
        if (!memory.contains(start, length)) {
            std::uint64_t outside = memory.contains(start, 1) ? start + length - 1 : start;
            record_fault(CUDA_ERROR_ILLEGAL_ADDRESS,
                         format("%s %s row %lld of %lld, %lld bytes at 0x%llx: %s", who, write != 0 ? "writes" : "reads",
                                static_cast<long long>(row), static_cast<long long>(rows), static_cast<long long>(row_bytes),
                                static_cast<unsigned long long>(start), memory.describe(outside).c_str()));
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        if (write != 0) {
            memory.mark_initialised(start, length);
        } else if (memory.first_uninitialised(start, length) < length) {
            record_fault(CUDA_ERROR_LAUNCH_FAILED, format("%s reads row %lld of %lld, which was never written: %s", who,
                                                          static_cast<long long>(row), static_cast<long long>(rows), memory.describe(start).c_str()));
            return CUDA_ERROR_LAUNCH_FAILED;
        }
    }
    return CUDA_SUCCESS;
}
