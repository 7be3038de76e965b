#include "device_model.h"

#include <algorithm>
#include <cstdlib>

namespace rlhf_simt {
namespace {

constexpr int kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * 1024;

// CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability"; multiprocessors and L2 of V100, T4, A100,
// RTX 3090, RTX 4090 and H100.
const DeviceModel kModels[] = {
    {70, 80, 6 * kMiB, 96 * kKiB, 96 * kKiB, 2048, 32},    {75, 40, 4 * kMiB, 64 * kKiB, 64 * kKiB, 1024, 16},
    {80, 108, 40 * kMiB, 163 * kKiB, 164 * kKiB, 2048, 32}, {86, 84, 6 * kMiB, 99 * kKiB, 100 * kKiB, 1536, 16},
    {89, 128, 72 * kMiB, 99 * kKiB, 100 * kKiB, 1536, 24},  {90, 132, 50 * kMiB, 227 * kKiB, 228 * kKiB, 2048, 32},
};

}  // namespace

const DeviceModel& device_model() {
    static const DeviceModel& chosen = []() -> const DeviceModel& {
        const char* text = std::getenv("RLHF_SIMT_ARCH");
        int wanted = text != nullptr ? std::atoi(text) : 90;
        for (const DeviceModel& model : kModels) {
            if (model.architecture == wanted) {
                return model;
            }
        }
        return kModels[5];
    }();
    return chosen;
}

int resident_blocks(int threads, int registers, int shared_bytes) {
    const DeviceModel& model = device_model();
    int warps = (threads + 31) / 32;
    int blocks = std::min(model.blocks_per_multiprocessor, model.threads_per_multiprocessor / (warps * 32));
    if (registers > 0) {
        // Allocated a warp at a time, 256 registers a unit.
        int per_warp = (registers * 32 + 255) / 256 * 256;
        blocks = std::min(blocks, kRegistersPerMultiprocessor / per_warp / warps);
    }
    int reserved = model.architecture >= 80 ? kReservedSharedPerBlock : 0;
    if (shared_bytes + reserved > 0) {
        int shared = (shared_bytes + reserved + 127) / 128 * 128;
        blocks = std::min(blocks, model.shared_per_multiprocessor / shared);
    }
    return std::max(blocks, 0);
}

}  // namespace rlhf_simt
