// Runs a grid: host threads take one block (or cluster) after the other, the block's threads are fibers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "device_model.h"
#include "fault.h"
#include "fiber.h"
#include "kernel.h"
#include "log.h"
#include "shared_memory.h"

namespace rlhf_simt {

constexpr int kWarpSize = 32;
constexpr int kMaxThreads = 1024;

struct Launch {
    Kernel* kernel = nullptr;
    std::vector<unsigned char> params;  // aligned by the copy that the group keeps
    Index3 grid{1, 1, 1}, block{1, 1, 1};
    int shared_bytes = 0, cluster = 1;
};

enum class State : int { kReady, kWarp, kBarrier, kCluster, kExited };

struct Block;

struct Thread : ThreadView {
    Block* owner = nullptr;
    int index = 0;  // in the block
    Fiber fiber;
    State state = State::kReady;
    WarpRequest request{};      // of the warp operation it waits in
    std::uint64_t result = 0;   // of the last one
    Site waiting{nullptr, 0};   // at which barrier
    int predicate = 0;
    struct Copy {
        int begin, end, to, group;
        unsigned element;
        const void* from;
        Site site;
    };
    std::vector<Copy> copies;  // cp.async under way
    int copy_group = 0;
    std::vector<LogEntry> log;
};

struct Warp {
    Block* block = nullptr;
    int first = 0, lanes = 0;
    unsigned ready = 0, waiting = 0;
    // Counts __syncwarp; full = the last one of all lanes, pair = the last one that two given lanes shared.
    unsigned clock = 0, full = 0;
    std::vector<unsigned> pair;

    // Whether b's next access comes after what a did at time `clock`.
    bool synchronised_since(int a, int b, unsigned since) const;
};

struct Group;

struct Block : BlockView {
    Group* group = nullptr;
    std::uint64_t number = 0;
    unsigned rank = 0;
    int threads = 0, exited = 0, arrived = 0, votes = 0, vote_result = 0;
    unsigned epoch = 0;  // barriers passed
    Site barrier{nullptr, 0};
    bool released = false, last = false;  // by arrive_last
    std::unique_ptr<Stacks> stacks;
    std::unique_ptr<Thread[]> thread;
    std::vector<Warp> warps;
    SharedMemory shared;
};

// A cluster's blocks (mostly one) and the scheduler of their threads, on one host thread.
struct Group {
    Group();
    ~Group();

    // Runs blocks [first, first + cluster) to the end; false after a fault.
    bool run(const Launch& launch, std::uint64_t first);

    void yield(State state);  // from a fiber
    void wake(Thread& thread);
    bool chance(unsigned one_in);

    const Launch* launch = nullptr;
    std::vector<std::unique_ptr<Block>> blocks;
    Thread* current = nullptr;
    Fiber scheduler;
    int cluster_arrived = 0;
    unsigned cluster_epoch = 0;
    Site cluster_site{nullptr, 0};
    bool failed = false;
    std::uint64_t random = 0;

  private:
    void prepare(Block& block, std::uint64_t number, unsigned rank);
    void restart_fibers(Block& block);
    bool schedule();
    Thread* next();
    std::string deadlock() const;
    static void run_thread(void* thread);

    std::vector<Warp*> order_;
    std::size_t at_ = 0;
    unsigned char* params_ = nullptr;
};

// The group that runs on this host thread.
Group& running();
inline Warp& warp_of(Thread& thread) {
    return thread.owner->warps[static_cast<std::size_t>(thread.index / kWarpSize)];
}

struct Schedule {
    int kind = 0;
    std::uint64_t seed = 0;
};
Schedule& schedule_choice();

std::atomic<bool>& launch_failed();

// Runs the grid to its end. Faults are recorded, not returned, as on a device.
void run_launch(const Launch& launch);

}  // namespace rlhf_simt
