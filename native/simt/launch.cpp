// Host threads that run blocks. Fibers never run on a thread of the caller, whose runtime may send it signals.
#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "engine.h"
#include "races.h"
#include "record.h"

namespace rlhf_simt {
namespace {

struct Pool {
    std::mutex one_launch;  // launches are serial
    std::mutex mutex;
    std::condition_variable begin, end;
    const Launch* launch = nullptr;
    std::uint64_t number = 0, groups = 0, step = 1, offset = 0;
    int wanted = 0, busy = 0, threads = 0;
    std::atomic<std::uint64_t> next{0};
};

Pool& pool() {
    static auto* instance = new Pool;  // outlives the threads, which are never joined
    return *instance;
}

std::uint64_t greatest_common_divisor(std::uint64_t a, std::uint64_t b) {
    return b == 0 ? a : greatest_common_divisor(b, a % b);
}

// Which group comes i-th: a permutation by a multiplier without a common divisor.
std::uint64_t group_at(const Pool& state, std::uint64_t i) {
    switch (schedule_choice().kind) {
        case RLHF_SIMT_DESCENDING:
            return state.groups - 1 - i;
        case RLHF_SIMT_RANDOM:
            return static_cast<std::uint64_t>((static_cast<unsigned __int128>(i) * state.step + state.offset) % state.groups);
        default:
            return i;
    }
}

void work() {
    Pool& state = pool();
    Group group;
    std::uint64_t done = 0;
    std::unique_lock<std::mutex> lock(state.mutex);
    for (;;) {
        state.begin.wait(lock, [&] { return state.number != done && state.wanted > 0; });
        done = state.number;
        state.wanted--;
        lock.unlock();
        for (;;) {
            std::uint64_t i = state.next.fetch_add(1);
            if (i >= state.groups || launch_failed()) {
                break;
            }
            group.run(*state.launch, group_at(state, i) * static_cast<std::uint64_t>(state.launch->cluster));
        }
        lock.lock();
        if (--state.busy == 0) {
            state.end.notify_one();
        }
    }
}

int host_threads() {
    static int count = [] {
        const char* text = std::getenv("RLHF_SIMT_THREADS");
        int wanted = text != nullptr ? std::atoi(text) : static_cast<int>(std::thread::hardware_concurrency());
        return wanted < 1 ? 1 : wanted > 16 ? 16 : wanted;
    }();
    return count;
}

void start_threads(Pool& state, int count) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; state.threads < count; state.threads++) {
        std::thread(work).detach();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

std::atomic<bool>& launch_failed() {
    static std::atomic<bool> failed{false};
    return failed;
}

void run_launch(const Launch& launch) {
    Pool& state = pool();
    std::lock_guard<std::mutex> serial(state.one_launch);
    std::uint64_t blocks = static_cast<std::uint64_t>(launch.grid.x) * launch.grid.y * launch.grid.z;
    {
        std::lock_guard<std::mutex> lock(launch.kernel->counting);
        launch.kernel->counters.launches++;
        launch.kernel->counters.blocks += blocks;
        launch.kernel->counters.threads += blocks * launch.block.x * launch.block.y * launch.block.z;
    }
    int watch = rlhf_simt_memory.watch;
    launch_failed() = false;
    if ((watch & kWatchRaces) != 0) {
        begin_race_check(blocks);
    }
    if ((watch & kWatchRecord) != 0) {
        begin_recording(launch);
    }
    std::unique_lock<std::mutex> lock(state.mutex);
    state.launch = &launch;
    state.groups = blocks / static_cast<std::uint64_t>(launch.cluster);
    state.step = (schedule_choice().seed * 2654435761u + 40503u) % state.groups;
    while (greatest_common_divisor(state.step, state.groups) != 1) {
        state.step++;
    }
    state.offset = schedule_choice().seed % state.groups;
    state.next = 0;
    int threads = watch == 0 || watch == kWatchPreempt ? host_threads() : 1;
    if (static_cast<std::uint64_t>(threads) > state.groups) {
        threads = static_cast<int>(state.groups);
    }
    start_threads(state, threads);
    state.wanted = state.busy = threads;
    state.number++;
    if (threads == 1) {
        state.begin.notify_one();
    } else {
        state.begin.notify_all();
    }
    state.end.wait(lock, [&] { return state.busy == 0; });
    lock.unlock();
    if ((watch & kWatchRecord) != 0) {
        end_recording(launch);
    }
}

}  // namespace rlhf_simt

extern "C" {

RLHF_SIMT_EXPORT void rlhf_simt_set_schedule(int kind, uint64_t seed) {
    rlhf_simt::schedule_choice() = rlhf_simt::Schedule{kind, seed};
    int others = rlhf_simt_memory.watch & ~rlhf_simt::kWatchPreempt;
    rlhf_simt_memory.watch = others | (kind == RLHF_SIMT_RANDOM ? rlhf_simt::kWatchPreempt : 0);
}

RLHF_SIMT_EXPORT void rlhf_simt_check_races(int on) {
    int others = rlhf_simt_memory.watch & ~rlhf_simt::kWatchRaces;
    rlhf_simt_memory.watch = others | (on != 0 ? rlhf_simt::kWatchRaces : 0);
}

}  // extern "C"
