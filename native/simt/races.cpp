#include "races.h"

#include <unordered_map>
#include <vector>

#include "engine.h"

namespace rlhf_simt {
namespace {

constexpr std::uint64_t kPage = 4096;

// Where a thread stood in its block's order of events.
struct Moment {
    unsigned block, epoch, clock;
    int thread = -1;  // -1: none
};

struct Stamp {
    Moment moment{};
    Site site{nullptr, 0};
};

struct Cell {
    Stamp writer, reader, other_reader;
};

struct Races {
    // By page and size of the elements, a cell an element.
    std::unordered_map<std::uint64_t, std::vector<Cell>> pages;
    std::vector<Moment> arrival;  // by block
};

Races& races() {
    static Races instance;
    return instance;
}

Moment now(Thread& thread) {
    return Moment{static_cast<unsigned>(thread.owner->number), thread.owner->epoch, warp_of(thread).clock, thread.index};
}

// Within one block: whether what happened at `before` comes before the thread's next access.
bool before_in_block(const Moment& before, Thread& thread) {
    if (before.thread == thread.index || before.epoch < thread.owner->epoch) {
        return true;
    }
    return before.thread / kWarpSize == thread.index / kWarpSize &&
           warp_of(thread).synchronised_since(before.thread % kWarpSize, thread.index % kWarpSize, before.clock);
}

bool ordered(const Moment& before, Thread& thread) {
    if (before.block == thread.owner->number) {
        return before_in_block(before, thread);
    }
    // The other block arrived after the access, and this thread comes after its own block's arrival as the last.
    const Moment& released = races().arrival[before.block];
    const Moment& acquired = races().arrival[thread.owner->number];
    bool access_first = released.thread >= 0 && (before.thread == released.thread || before.epoch < released.epoch ||
                                                 (before.thread / kWarpSize == released.thread / kWarpSize &&
                                                  before.epoch == released.epoch && before.clock < released.clock));
    return access_first && thread.owner->last && acquired.thread >= 0 && before_in_block(acquired, thread);
}

std::string conflict(const Stamp& other, const char* did, bool write) {
    return format("a race in global memory: this %s and the %s of block %u, thread %d at %s are not ordered", write ? "write" : "read",
                  did, other.moment.block, other.moment.thread, describe(other.site).c_str());
}

bool other_unordered(const Stamp& stamp, Thread& thread) {
    return stamp.moment.thread >= 0 && !ordered(stamp.moment, thread);
}

}  // namespace

void begin_race_check(std::uint64_t blocks) {
    races().pages.clear();
    races().arrival.assign(blocks, Moment{});
}

void note_arrival(Thread& thread, bool last) {
    thread.owner->released = true;
    thread.owner->last = thread.owner->last || last;
    races().arrival[thread.owner->number] = now(thread);
}

std::string find_race(Thread& thread, std::uint64_t address, unsigned bytes, unsigned element, bool write, Site site) {
    unsigned granule = element < 4 ? element : 4;
    Stamp stamp{now(thread), site};
    for (std::uint64_t at = address; at < address + bytes; at += granule) {
        auto& page = races().pages[at / kPage * 4 + granule % 4];
        page.resize(kPage / granule);
        Cell& cell = page[at % kPage / granule];
        if (other_unordered(cell.writer, thread)) {
            return conflict(cell.writer, "write", write);
        }
        if (write) {
            if (other_unordered(cell.reader, thread)) {
                return conflict(cell.reader, "read", write);
            }
            if (other_unordered(cell.other_reader, thread)) {
                return conflict(cell.other_reader, "read", write);
            }
            cell = Cell{stamp, Stamp(), Stamp()};
        } else {
            bool another = cell.reader.moment.block != stamp.moment.block ||
                           cell.reader.moment.thread / kWarpSize != stamp.moment.thread / kWarpSize;
            if (cell.reader.moment.thread >= 0 && another) {
                cell.other_reader = cell.reader;
            }
            cell.reader = stamp;
        }
    }
    return std::string();
}

}  // namespace rlhf_simt
