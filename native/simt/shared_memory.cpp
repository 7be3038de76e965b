#include "shared_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "engine.h"

namespace rlhf_simt {
namespace {

std::size_t cell_count(int granule) {
    return static_cast<std::size_t>(SharedMemory::kBytes / granule);
}

}  // namespace

SharedMemory::SharedMemory()
    : data_(new unsigned char[kBytes + 16]()), state_(new unsigned char[kBytes + 16]()), cells_{nullptr, nullptr, nullptr} {
    for (int i = 0; i < 3; i++) {
        void* cells = mmap(nullptr, cell_count(1 << i) * sizeof(Cell), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (cells == MAP_FAILED) {
            throw std::bad_alloc();
        }
        cells_[i] = static_cast<Cell*>(cells);
    }
}

SharedMemory::~SharedMemory() {
    for (int i = 0; i < 3; i++) {
        munmap(cells_[i], cell_count(1 << i) * sizeof(Cell));
    }
}

void SharedMemory::begin_block(int dynamic_bytes) {
    generation_++;
    if (generation_ % 256 == 0) {
        // The byte that marks "written in this block" starts over: old marks must not look new.
        generation_++;
        std::memset(state_.get(), 0, kBytes);
    }
    dynamic_end_ = kStatic + dynamic_bytes;
}

bool SharedMemory::initialised(int offset, int bytes) const {
    auto now = static_cast<unsigned char>(generation_);
    for (int i = 0; i < bytes; i++) {
        if (state_[static_cast<std::size_t>(offset + i)] != now) {
            return false;
        }
    }
    return true;
}

void SharedMemory::mark(int offset, int bytes, bool initialised) {
    std::memset(state_.get() + offset, initialised ? static_cast<unsigned char>(generation_) : 0, static_cast<std::size_t>(bytes));
}

bool SharedMemory::ordered(const Stamp& before, Thread& thread, unsigned rank) {
    int owner = (before.thread - 1) / kMaxThreads, index = (before.thread - 1) % kMaxThreads;
    if (owner != static_cast<int>(rank)) {
        return before.cluster_epoch < thread.owner->group->cluster_epoch;
    }
    if (index == thread.index || before.epoch < thread.owner->epoch) {
        return true;
    }
    return index / kWarpSize == thread.index / kWarpSize &&
           warp_of(thread).synchronised_since(index % kWarpSize, thread.index % kWarpSize, before.clock);
}

std::string SharedMemory::race(Thread& thread, unsigned rank, int offset, int bytes, int element, bool write, Site site) {
    int shift = element >= 4 ? 2 : element >= 2 ? 1 : 0;
    Stamp now{site, thread.owner->epoch, thread.owner->group->cluster_epoch, warp_of(thread).clock,
              static_cast<std::uint16_t>(rank * kMaxThreads + static_cast<unsigned>(thread.index) + 1)};
    auto conflict = [&](const Stamp& before, const char* did) {
        return format("a race in shared memory: this %s of byte %d and thread %d's %s at %s have no barrier between them",
                      write ? "write" : "read", offset, (before.thread - 1) % kMaxThreads, did, rlhf_simt::describe(before.site).c_str());
    };
    for (int at = offset >> shift; at <= (offset + bytes - 1) >> shift; at++) {
        Cell& cell = cells_[shift][at];
        if (cell.generation != generation_) {
            cell.generation = generation_;
            cell.writer.thread = cell.reader.thread = cell.other_reader.thread = 0;
        }
        if (cell.writer.thread != 0 && cell.writer.thread != now.thread && !ordered(cell.writer, thread, rank)) {
            return conflict(cell.writer, "write");
        }
        if (write) {
            for (const Stamp* reader : {&cell.reader, &cell.other_reader}) {
                if (reader->thread != 0 && reader->thread != now.thread && !ordered(*reader, thread, rank)) {
                    return conflict(*reader, "read");
                }
            }
            cell.writer = now;
            cell.reader.thread = cell.other_reader.thread = 0;
        } else {
            // Two readers are kept, of different warps where there are such.
            if (cell.reader.thread != 0 && (cell.reader.thread - 1) / kWarpSize != (now.thread - 1) / kWarpSize) {
                cell.other_reader = cell.reader;
            }
            cell.reader = now;
        }
    }
    return std::string();
}

}  // namespace rlhf_simt
