// A block's shared memory: bounds, initialisation and races, per launch of a block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime.h"

namespace rlhf_simt {

struct Thread;

class SharedMemory {
  public:
    static constexpr int kStatic = 64 * 1024, kBytes = kStatic + 228 * 1024;

    SharedMemory();

    // Forgets contents and accesses.
    void begin_block(int dynamic_bytes);
    int dynamic_end() const { return dynamic_end_; }

    unsigned char* data(int offset) { return data_.get() + offset; }
    bool initialised(int offset, int bytes) const;
    void mark(int offset, int bytes, bool initialised);
    // Checks the access against earlier ones of other threads; "" or what went wrong.
    std::string race(Thread& thread, unsigned rank, int offset, int bytes, int element, bool write, Site site);

  private:
    struct Stamp {
        Site site;
        unsigned epoch, cluster_epoch, clock;
        std::uint16_t thread;  // rank * 1024 + index, +1; 0 = none
    };
    struct Cell {
        std::uint64_t generation;
        Stamp writer, reader, other_reader;
    };

    static bool ordered(const Stamp& before, Thread& thread, unsigned rank);

    std::unique_ptr<unsigned char[]> data_;
    std::unique_ptr<unsigned char[]> state_;  // equal to generation's low byte: written in this block
    Cell* cells_[3];                          // by granules of 1, 2 and 4 bytes
    std::uint64_t generation_ = 0;
    int dynamic_end_ = kStatic;

  public:
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
};

}  // namespace rlhf_simt
