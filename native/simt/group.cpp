// The scheduler of a block's (or cluster's) threads.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine.h"
#include "record.h"

__thread const rlhf_simt::ThreadView* rlhf_simt_current = nullptr;

namespace rlhf_simt {
namespace {

thread_local Group* running_group = nullptr;

std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

}  // namespace

Group& running() {
    return *running_group;
}

Schedule& schedule_choice() {
    static Schedule schedule;
    return schedule;
}

bool Warp::synchronised_since(int a, int b, unsigned since) const {
    if (full > since) {
        return true;
    }
    return !pair.empty() && pair[static_cast<std::size_t>(a * kWarpSize + b)] > since;
}

Group::Group() = default;

Group::~Group() {
    std::free(params_);
}

bool Group::chance(unsigned one_in) {
    random += 0x9E3779B97F4A7C15ull;
    return mix(random) % one_in == 0;
}

void Group::run_thread(void* argument) {
    auto* thread = static_cast<Thread*>(argument);
    for (;;) {
        Group& group = *thread->owner->group;
        group.launch->kernel->entry.body(group.params_);
        group.yield(State::kExited);
    }
}

void Group::yield(State state) {
    Thread& self = *current;
    self.state = state;
    if (state != State::kReady) {
        warp_of(self).ready &= ~(1u << (self.index % kWarpSize));
    }
    Fiber::enter(self.fiber, scheduler);
}

void Group::wake(Thread& thread) {
    thread.state = State::kReady;
    warp_of(thread).ready |= 1u << (thread.index % kWarpSize);
}

void Group::restart_fibers(Block& block) {
    for (int i = 0; i < kMaxThreads; i++) {
        // Tops of stacks are spread over the sets of the cache.
        std::size_t shift = static_cast<std::size_t>(i % 15) * 256;
        block.thread[static_cast<std::size_t>(i)].fiber.prepare(block.stacks->at(i), Stacks::kBytes - shift, &Group::run_thread,
                                                                &block.thread[static_cast<std::size_t>(i)]);
    }
}

void Group::prepare(Block& block, std::uint64_t number, unsigned rank) {
    Index3 size = launch->block, grid = launch->grid;
    block.group = this;
    block.number = number;
    block.rank = rank;
    block.block_index = Index3{static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                               static_cast<unsigned>(number / grid.x / grid.y)};
    block.grid_size = grid;
    block.exited = block.arrived = block.votes = 0;
    block.epoch = 0;
    block.released = block.last = false;
    int threads = static_cast<int>(size.x * size.y * size.z);
    bool reshape = block.threads != threads || std::memcmp(&block.block_size, &size, sizeof(size)) != 0;
    if (block.stacks == nullptr) {
        block.stacks = std::make_unique<Stacks>(kMaxThreads);
        block.thread = std::make_unique<Thread[]>(kMaxThreads);
        restart_fibers(block);
    }
    if (reshape) {
        block.threads = threads;
        block.block_size = size;
        block.warps.assign(static_cast<std::size_t>((threads + kWarpSize - 1) / kWarpSize), Warp());
        for (std::size_t w = 0; w < block.warps.size(); w++) {
            block.warps[w].block = &block;
            block.warps[w].first = static_cast<int>(w) * kWarpSize;
            block.warps[w].lanes = std::min(kWarpSize, threads - block.warps[w].first);
        }
        for (int i = 0; i < threads; i++) {
            Thread& thread = block.thread[static_cast<std::size_t>(i)];
            auto at = static_cast<unsigned>(i);
            thread.block = &block;
            thread.owner = &block;
            thread.index = i;
            thread.thread_index = Index3{at % size.x, at / size.x % size.y, at / size.x / size.y};
        }
    }
    for (Warp& warp : block.warps) {
        warp.ready = warp.lanes == kWarpSize ? 0xFFFFFFFFu : (1u << warp.lanes) - 1;
        warp.waiting = 0;
        warp.clock = warp.full = 0;
        warp.pair.clear();
    }
    for (int i = 0; i < threads; i++) {
        Thread& thread = block.thread[static_cast<std::size_t>(i)];
        thread.state = State::kReady;
        thread.copies.clear();
        thread.copy_group = 0;
        thread.log.clear();
    }
    block.shared.begin_block(launch->shared_bytes);
}

bool Group::run(const Launch& next_launch, std::uint64_t first) {
    running_group = this;
    launch = &next_launch;
    failed = false;
    cluster_arrived = 0;
    cluster_epoch = 0;
    random = mix(schedule_choice().seed * 0x9E3779B97F4A7C15ull + first + 1);
    // Kernels take the block by reference: a copy of their own, aligned for any type.
    if (params_ == nullptr) {
        params_ = static_cast<unsigned char*>(std::aligned_alloc(64, 4096));
    }
    std::memcpy(params_, launch->params.data(), launch->params.size());
    auto count = static_cast<std::size_t>(launch->cluster);
    while (blocks.size() < count) {
        blocks.push_back(std::make_unique<Block>());
    }
    order_.clear();
    for (std::size_t i = 0; i < count; i++) {
        prepare(*blocks[i], first + i, static_cast<unsigned>(i));
        for (Warp& warp : blocks[i]->warps) {
            order_.push_back(&warp);
        }
    }
    at_ = 0;
    if (schedule_choice().kind == RLHF_SIMT_DESCENDING) {
        std::reverse(order_.begin(), order_.end());
    }
    bool finished = schedule();
    if (!finished) {
        for (std::size_t i = 0; i < count; i++) {
            restart_fibers(*blocks[i]);
        }
    } else if ((rlhf_simt_memory.watch & kWatchRecord) != 0) {
        for (std::size_t i = 0; i < count; i++) {
            record_block(*launch, *blocks[i]);
        }
    }
    rlhf_simt_current = nullptr;
    return finished;
}

// A warp keeps running while one of its lanes can, so that its lanes meet soon.
Thread* Group::next() {
    int kind = schedule_choice().kind;
    if (kind == RLHF_SIMT_RANDOM) {
        random += 0x9E3779B97F4A7C15ull;
        at_ = mix(random) % order_.size();
    }
    for (std::size_t tried = 0; tried <= order_.size(); tried++) {
        Warp& warp = *order_[at_];
        if (warp.ready != 0) {
            int lane = __builtin_ctz(warp.ready);
            if (kind == RLHF_SIMT_DESCENDING) {
                lane = 31 - __builtin_clz(warp.ready);
            } else if (kind == RLHF_SIMT_RANDOM) {
                auto turn = static_cast<int>(mix(random ^ 0x5851F42D4C957F2Dull) % kWarpSize);
                unsigned turned = turn == 0 ? warp.ready : (warp.ready >> turn) | (warp.ready << (kWarpSize - turn));
                lane = (__builtin_ctz(turned) + turn) % kWarpSize;
            }
            return &warp.block->thread[static_cast<std::size_t>(warp.first + lane)];
        }
        at_ = at_ + 1 == order_.size() ? 0 : at_ + 1;
    }
    return nullptr;
}

bool Group::schedule() {
    int alive = 0;
    for (Warp* warp : order_) {
        alive += warp->lanes;
    }
    while (alive > 0) {
        Thread* thread = next();
        if (thread == nullptr) {
            record_fault(CUDA_ERROR_LAUNCH_FAILED, deadlock());
            launch_failed() = true;
            return false;
        }
        current = thread;
        rlhf_simt_current = thread;
        Fiber::enter(scheduler, thread->fiber);
        if (failed) {
            return false;
        }
        if (thread->state == State::kExited) {
            alive--;
            thread->owner->exited++;
        }
    }
    return true;
}

// Every thread that is left waits: says for what, from the first one on.
std::string Group::deadlock() const {
    int at_barrier = 0, in_warp = 0, at_cluster = 0, exited = 0;
    const Thread* shown = nullptr;
    for (Warp* warp : order_) {
        for (int lane = 0; lane < warp->lanes; lane++) {
            const Thread& thread = warp->block->thread[static_cast<std::size_t>(warp->first + lane)];
            at_barrier += thread.state == State::kBarrier;
            in_warp += thread.state == State::kWarp;
            at_cluster += thread.state == State::kCluster;
            exited += thread.state == State::kExited;
            // A warp operation that never completes explains more than the barrier the others wait at.
            bool better = shown == nullptr || (thread.state == State::kWarp && shown->state != State::kWarp);
            if (thread.state != State::kExited && better) {
                shown = &thread;
            }
        }
    }
    std::string where = format("kernel %s, block (%u, %u, %u), thread %d", launch->kernel->entry.name, shown->owner->block_index.x,
                               shown->owner->block_index.y, shown->owner->block_index.z, shown->index);
    std::string what =
        shown->state == State::kWarp
            ? format("waits at %s for the lanes 0x%08x of its warp", describe(shown->request.site).c_str(), shown->request.mask)
            : format("waits at the barrier of %s", describe(shown->waiting).c_str());
    return format("%s: %s, which never come: %d threads at a block barrier, %d in a warp operation, %d at a cluster barrier, %d "
                  "have left the kernel",
                  where.c_str(), what.c_str(), at_barrier, in_warp, at_cluster, exited);
}

void fail_thread(CUresult code, Site site, const std::string& what) {
    Group& group = running();
    const Thread& thread = *group.current;
    record_fault(code, format("kernel %s, block (%u, %u, %u), thread %d, %s: %s", group.launch->kernel->entry.name,
                              thread.owner->block_index.x, thread.owner->block_index.y, thread.owner->block_index.z, thread.index,
                              describe(site).c_str(), what.c_str()));
    group.failed = true;
    launch_failed() = true;
    Fiber::enter(group.current->fiber, group.scheduler);
    std::abort();  // a fiber of a failed launch is never entered again
}

}  // namespace rlhf_simt
