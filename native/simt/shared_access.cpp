// Shared memory as device code reaches it.
#include "engine.h"
#include "record.h"

using namespace rlhf_simt;

namespace {

void check_bounds(int begin, int end, int offset, unsigned bytes, const char* verb, Site site) {
    if (offset < begin || offset > end - static_cast<int>(bytes)) {
        fail_thread(CUDA_ERROR_ILLEGAL_ADDRESS, site,
                    format("%s %u bytes of shared memory at byte %d of an array of %d bytes", verb, bytes, offset - begin, end - begin));
    }
    if (static_cast<unsigned>(offset) % bytes != 0) {
        fail_thread(CUDA_ERROR_MISALIGNED_ADDRESS, site, format("%s %u bytes of shared memory at byte %d: misaligned", verb, bytes, offset));
    }
}

}  // namespace

unsigned char* rlhf_simt_shared(int begin, int end, int offset, unsigned bytes, unsigned element, bool write, Site site) {
    Group& group = running();
    if ((rlhf_simt_memory.watch & kWatchPreempt) != 0 && group.chance(4)) {
        group.yield(State::kReady);
    }
    Thread& self = *group.current;
    Block& block = *self.owner;
    const char* verb = write ? "writes" : "reads";
    auto length = static_cast<int>(bytes);
    check_bounds(begin, end, offset, bytes, verb, site);
    if (write) {
        block.shared.mark(offset, length, true);
    } else if (!block.shared.initialised(offset, length)) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site,
                    format("reads byte %d of a shared array of %d bytes, which nobody wrote (or cp.async still does)", offset - begin, end - begin));
    }
    std::string race = block.shared.race(self, block.rank, offset, length, static_cast<int>(element), write, site);
    if (!race.empty()) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, race);
    }
    if ((rlhf_simt_memory.watch & kWatchRecord) != 0) {
        self.log.push_back(LogEntry{__builtin_return_address(0), static_cast<std::uint64_t>(offset), static_cast<std::uint8_t>(bytes), true,
                                    write ? Access::kWrite : Access::kRead});
    }
    return block.shared.data(offset);
}

const unsigned char* rlhf_simt_peer_shared(int begin, int end, int offset, unsigned bytes, unsigned rank, Site site) {
    rlhf_simt_need_architecture(90, "distributed shared memory", site);
    Group& group = running();
    if ((rlhf_simt_memory.watch & kWatchPreempt) != 0 && group.chance(4)) {
        group.yield(State::kReady);
    }
    Thread& self = *group.current;
    if (rank >= static_cast<unsigned>(group.launch->cluster)) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, format("reads from block %u of a cluster of %d", rank, group.launch->cluster));
    }
    check_bounds(begin, end, offset, bytes, "reads", site);
    Block& peer = *group.blocks[rank];
    auto length = static_cast<int>(bytes);
    if (peer.exited > 0) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, format("reads shared memory of block %u of the cluster, whose threads leave the kernel", rank));
    }
    if (!peer.shared.initialised(offset, length)) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, format("reads shared memory of block %u of the cluster, which nobody wrote", rank));
    }
    std::string race = peer.shared.race(self, self.owner->rank, offset, length, length, false, site);
    if (!race.empty()) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, race);
    }
    return peer.shared.data(offset);
}

int rlhf_simt_shared_array(const void* tag, int bytes, Site site) {
    Kernel& kernel = *running().launch->kernel;
    int count = kernel.array_count.load(std::memory_order_acquire);
    for (int i = 0; i < count; i++) {
        if (kernel.arrays[i].tag == tag) {
            return kernel.arrays[i].offset;
        }
    }
    int offset = 0;
    {
        std::lock_guard<std::mutex> lock(kernel.layout);
        count = kernel.array_count;
        for (int i = 0; i < count; i++) {
            if (kernel.arrays[i].tag == tag) {
                return kernel.arrays[i].offset;
            }
        }
        offset = kernel.static_shared;
        int end = offset + (bytes + 15) / 16 * 16;
        if (count < 64 && end <= 48 * 1024) {
            kernel.arrays[count] = Kernel::Array{tag, offset, bytes};
            kernel.static_shared = end;
            kernel.array_count.store(count + 1, std::memory_order_release);
            return offset;
        }
    }
    fail_thread(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, site, format("static shared memory of %d bytes and %d more; a block has 49152", offset, bytes));
}

int rlhf_simt_dynamic_begin(void) {
    return SharedMemory::kStatic;
}

int rlhf_simt_dynamic_end(void) {
    return running().current->owner->shared.dynamic_end();
}

// The destination counts as unwritten until the wait, which is when the bytes move: a missing wait shows as a fault.
void rlhf_simt_copy_async(int begin, int end, int to, const void* from, unsigned element, Site site) {
    rlhf_simt_global(from, 16, element, Access::kRead, site);
    Thread& self = *running().current;
    check_bounds(begin, end, to, 16, "copies to", site);
    std::string race = self.owner->shared.race(self, self.owner->rank, to, 16, static_cast<int>(element), true, site);
    if (!race.empty()) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site, race);
    }
    self.owner->shared.mark(to, 16, false);
    self.copies.push_back(Thread::Copy{begin, end, to, self.copy_group, element, from, site});
}

void rlhf_simt_copy_commit(void) {
    running().current->copy_group++;
}

void rlhf_simt_copy_wait(int pending, Site) {
    Thread& self = *running().current;
    std::size_t kept = 0;
    for (const Thread::Copy& copy : self.copies) {
        if (copy.group < self.copy_group - pending) {
            unsigned char* to = rlhf_simt_shared(copy.begin, copy.end, copy.to, 16, copy.element, true, copy.site);
            __builtin_memcpy(to, copy.from, 16);
        } else {
            self.copies[kept++] = copy;
        }
    }
    self.copies.resize(kept);
}

void rlhf_simt_need_architecture(int architecture, const char* what, Site site) {
    if (device_model().architecture < architecture) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site,
                    format("%s needs sm_%d, the device is sm_%d", what, architecture, device_model().architecture));
    }
}
