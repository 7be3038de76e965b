// Global memory as device code reaches it, when the inline check is not enough: first writes, faults, recording, races.
#include "engine.h"
#include "memory.h"
#include "races.h"
#include "record.h"

using namespace rlhf_simt;

namespace {

const char* verb(Access access) {
    return access == Access::kAtomic ? "updates" : writes(access) ? "writes" : "reads";
}

void check(std::uint64_t address, unsigned bytes, Access access, Site site) {
    DeviceMemory& memory = DeviceMemory::instance();
    auto shown = static_cast<unsigned long long>(address);
    if (address % bytes != 0) {
        fail_thread(CUDA_ERROR_MISALIGNED_ADDRESS, site, format("%s %u bytes at 0x%llx: misaligned", verb(access), bytes, shown));
    }
    bool device = memory.is_device(address) && memory.is_device(address + bytes - 1);
    std::uint64_t written = device ? memory.first_uninitialised(address, bytes) : 0;
    if (device && written == bytes) {
        return;
    }
    if (!device || !memory.contains(address, bytes)) {
        std::uint64_t outside = memory.contains(address, 1) ? address + bytes - 1 : address;
        fail_thread(CUDA_ERROR_ILLEGAL_ADDRESS, site,
                    format("%s %u bytes at 0x%llx: %s", verb(access), bytes, shown, memory.describe(outside).c_str()));
    }
    if (!writes(access) || access == Access::kAtomic) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site,
                    format("%s %u bytes that were never written: %s", verb(access), bytes, memory.describe(address + written).c_str()));
    }
    memory.mark_initialised(address, bytes);
}

}  // namespace

void rlhf_simt_global(const void* pointer, unsigned bytes, unsigned element, Access access, Site site) {
    Group& group = running();
    auto address = reinterpret_cast<std::uint64_t>(pointer);
    int watch = rlhf_simt_memory.watch;
    if ((watch & kWatchPreempt) != 0 && group.chance(16)) {
        group.yield(State::kReady);
    }
    check(address, bytes, access, site);
    Thread& self = *group.current;
    if ((watch & kWatchRaces) != 0 && access != Access::kAtomic) {
        std::string race = find_race(self, address, bytes, element, writes(access), site);
        if (!race.empty()) {
            fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, race);
        }
    }
    if ((watch & kWatchRecord) != 0) {
        self.log.push_back(LogEntry{__builtin_return_address(0), address, static_cast<std::uint8_t>(bytes), false, access});
    }
}

bool rlhf_simt_arrive_last(unsigned* counter, unsigned blocks, Site site) {
    rlhf_simt_global(counter, sizeof(*counter), sizeof(*counter), Access::kAtomic, site);
    unsigned before = __atomic_load_n(counter, __ATOMIC_RELAXED), after;
    do {
        after = before >= blocks - 1 ? 0 : before + 1;
    } while (!__atomic_compare_exchange_n(counter, &before, after, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    bool last = before == blocks - 1;
    if ((rlhf_simt_memory.watch & kWatchRaces) != 0) {
        note_arrival(*running().current, last);
    }
    return last;
}

void rlhf_simt_atomic_min(unsigned long long* word, unsigned long long value, Site site) {
    rlhf_simt_global(word, sizeof(*word), sizeof(*word), Access::kAtomic, site);
    unsigned long long before = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (value < before && !__atomic_compare_exchange_n(word, &before, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}
