#include "memory.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "fault.h"

RLHF_SIMT_API rlhf_simt::MemoryView rlhf_simt_memory{0, 0, nullptr, 0};

namespace rlhf_simt {
namespace {

constexpr std::uint64_t kPage = 4096, kGap = 16 * kPage;
constexpr std::uint64_t kClaimed = 80ull << 30;

void* reserve(std::uint64_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

std::uint64_t whole_pages(std::uint64_t bytes) {
    return (bytes + kPage - 1) / kPage * kPage;
}

}  // namespace

DeviceMemory& DeviceMemory::instance() {
    static DeviceMemory memory;
    return memory;
}

DeviceMemory::DeviceMemory() : total_(kClaimed) {
    for (std::uint64_t bytes = 16ull << 40; bytes >= 1ull << 30; bytes /= 4) {
        void* data = reserve(bytes);
        void* shadow = data != nullptr ? reserve(bytes) : nullptr;
        if (shadow != nullptr) {
            madvise(data, bytes, MADV_DONTDUMP);
            madvise(shadow, bytes, MADV_DONTDUMP);
            rlhf_simt_memory.base = reinterpret_cast<std::uint64_t>(data);
            rlhf_simt_memory.size = bytes;
            rlhf_simt_memory.shadow = static_cast<unsigned char*>(shadow);
            next_ = rlhf_simt_memory.base + kGap;
            return;
        }
        if (data != nullptr) {
            munmap(data, bytes);
        }
    }
    std::fprintf(stderr, "rlhf_simt: no address space for the emulated device's memory\n");
    std::abort();
}

CUresult DeviceMemory::allocate(std::uint64_t bytes, std::uint64_t* address) {
    if (bytes == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    std::uint64_t end = rlhf_simt_memory.base + rlhf_simt_memory.size;
    if (bytes > total_ - used_) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    std::uint64_t at = next_;
    if (at + whole_pages(bytes) + kGap > end) {
        at = first_hole(whole_pages(bytes) + kGap);
        if (at == 0) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    } else {
        next_ += whole_pages(bytes) + kGap;
    }
    *address = at;
    ranges_[at] = Range{bytes, true};
    used_ += bytes;
    generation_++;
    return CUDA_SUCCESS;
}

// The range is used up: addresses of freed allocations are used again after all.
std::uint64_t DeviceMemory::first_hole(std::uint64_t bytes) {
    for (auto range = ranges_.begin(); range != ranges_.end();) {
        range = range->second.live ? std::next(range) : ranges_.erase(range);
    }
    std::uint64_t from = rlhf_simt_memory.base + kGap, end = rlhf_simt_memory.base + rlhf_simt_memory.size;
    for (const auto& range : ranges_) {
        if (range.first - from >= bytes) {
            return from;
        }
        from = range.first + whole_pages(range.second.bytes) + kGap;
    }
    return from + bytes <= end ? from : 0;
}

CUresult DeviceMemory::release(std::uint64_t address) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto range = ranges_.find(address);
    if (range == ranges_.end() || !range->second.live) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    forget(address, range->second.bytes);
    range->second.live = false;
    generation_++;
    used_ -= range->second.bytes;
    return CUDA_SUCCESS;
}

void DeviceMemory::forget(std::uint64_t address, std::uint64_t bytes) {
    madvise(reinterpret_cast<void*>(address), whole_pages(bytes), MADV_DONTNEED);
    madvise(rlhf_simt_memory.shadow + (address - rlhf_simt_memory.base), whole_pages(bytes), MADV_DONTNEED);
}

void DeviceMemory::release_all() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& range : ranges_) {
        if (range.second.live) {
            forget(range.first, range.second.bytes);
            range.second.live = false;
        }
    }
    used_ = 0;
    generation_++;
}

std::uint64_t DeviceMemory::free() {
    std::lock_guard<std::mutex> lock(mutex_);
    return total_ - used_;
}

bool DeviceMemory::is_device(std::uint64_t address) const {
    return address - rlhf_simt_memory.base < rlhf_simt_memory.size;
}

bool DeviceMemory::contains(std::uint64_t address, std::uint64_t bytes) {
    // The last allocation found, for kernels that fill an output element by element.
    static thread_local struct {
        std::uint64_t begin, bytes, generation;
    } last{0, 0, ~std::uint64_t{0}};
    if (last.generation == generation_.load(std::memory_order_acquire)) {
        std::uint64_t offset = address - last.begin;
        if (offset <= last.bytes && bytes <= last.bytes - offset) {
            return true;
        }
    }
    std::lock_guard<std::mutex> lock(mutex_);
    auto range = ranges_.upper_bound(address);
    if (range == ranges_.begin()) {
        return false;
    }
    --range;
    std::uint64_t offset = address - range->first;
    if (!range->second.live || offset > range->second.bytes || bytes > range->second.bytes - offset) {
        return false;
    }
    last = {range->first, range->second.bytes, generation_.load()};
    return true;
}

void DeviceMemory::mark_initialised(std::uint64_t address, std::uint64_t bytes) {
    std::memset(rlhf_simt_memory.shadow + (address - rlhf_simt_memory.base), kInitialised, bytes);
}

void DeviceMemory::copy_state(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
    std::memmove(rlhf_simt_memory.shadow + (to - rlhf_simt_memory.base),
                 rlhf_simt_memory.shadow + (from - rlhf_simt_memory.base), bytes);
}

std::uint64_t DeviceMemory::first_uninitialised(std::uint64_t address, std::uint64_t bytes) const {
    const unsigned char* shadow = rlhf_simt_memory.shadow + (address - rlhf_simt_memory.base);
    std::uint64_t i = 0, eight;
    for (; i + 8 <= bytes; i += 8) {
        std::memcpy(&eight, shadow + i, 8);
        if (eight != 0x0101010101010101ull) {
            break;
        }
    }
    while (i < bytes && shadow[i] == kInitialised) {
        i++;
    }
    return i;
}

std::string DeviceMemory::describe(std::uint64_t address) {
    if (address < kPage) {
        return "a null pointer";
    }
    if (!is_device(address)) {
        return "host memory, or none at all";
    }
    std::lock_guard<std::mutex> lock(mutex_);
    auto after = ranges_.upper_bound(address);
    if (after == ranges_.begin()) {
        return "before the first allocation";
    }
    auto before = std::prev(after);
    unsigned long long bytes = before->second.bytes, start = before->first, offset = address - start;
    if (offset < bytes) {
        return before->second.live ? format("byte %llu of the allocation of %llu bytes at 0x%llx", offset, bytes, start)
                                   : format("byte %llu of the %llu bytes at 0x%llx, which were freed", offset, bytes, start);
    }
    if (after != ranges_.end() && after->first - address < offset - bytes) {
        unsigned long long length = after->second.bytes, base = after->first;
        return format("%llu bytes before the allocation of %llu bytes at 0x%llx", base - address, length, base);
    }
    return format("%llu bytes past the end of the allocation of %llu bytes at 0x%llx", offset - bytes, bytes, start);
}

}  // namespace rlhf_simt
