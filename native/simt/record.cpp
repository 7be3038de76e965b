#include "record.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "engine.h"
#include "traffic.h"

namespace rlhf_simt {
namespace {

constexpr std::uint64_t kSector = 32;
constexpr int kBanks = 32, kBankBytes = 4;

int level = RLHF_SIMT_RECORD_OFF;

// What the lanes of a warp access by one instruction.
struct Request {
    bool shared;
    Access access;
    int bytes, lanes = 0;
    std::uint64_t address[kWarpSize];
};

struct InstructionTurn {
    const void* instruction;
    std::size_t turn;
    bool operator==(const InstructionTurn& other) const { return instruction == other.instruction && turn == other.turn; }
};

struct HashTurn {
    std::size_t operator()(const InstructionTurn& key) const {
        return std::hash<const void*>()(key.instruction) * 31 + key.turn * 0x9E3779B97F4A7C15ull;
    }
};

// A block's accesses to L2, request by request.
struct Trace {
    std::vector<Touch> touches;
    std::vector<std::uint32_t> ends;  // of requests
    std::size_t at = 0, begin = 0;
};

struct Recording {
    rlhf_simt_counters_t sums{};
    std::unordered_set<std::uint64_t> read, written;  // sectors
    std::vector<Trace> wave;                          // blocks that run at the same time
    std::size_t wave_size = 1;
    std::unique_ptr<CacheModel> cache;
};

Recording recording;

// Lanes take part in an instruction's n-th execution by their own n-th access there. The order is the first lane's, then what only
// later lanes did.
std::vector<Request> group_requests(Warp& warp) {
    std::vector<Request> requests;
    std::unordered_map<InstructionTurn, std::size_t, HashTurn> index;
    std::unordered_map<const void*, std::size_t> turns;
    for (int lane = 0; lane < warp.lanes; lane++) {
        turns.clear();
        for (const LogEntry& entry : warp.block->thread[static_cast<std::size_t>(warp.first + lane)].log) {
            auto slot = index.emplace(InstructionTurn{entry.instruction, turns[entry.instruction]++}, requests.size());
            if (slot.second) {
                Request request{};
                request.shared = entry.shared;
                request.access = entry.access;
                request.bytes = entry.bytes;
                requests.push_back(request);
            }
            Request& request = requests[slot.first->second];
            if (request.lanes < kWarpSize) {
                request.address[request.lanes++] = entry.address;
            }
        }
    }
    return requests;
}

// Passes beyond the first: 8-byte accesses go by half warps, 16-byte ones by quarters; the most loaded bank decides each.
std::uint64_t bank_conflicts(const Request& request) {
    int part = request.bytes >= 16 ? 8 : request.bytes == 8 ? 16 : 32;
    std::uint64_t extra = 0;
    for (int first = 0; first < request.lanes; first += part) {
        std::uint64_t words[kWarpSize * 4];
        int count = 0;
        for (int i = first; i < std::min(first + part, request.lanes); i++) {
            for (int byte = 0; byte < std::max(request.bytes, kBankBytes); byte += kBankBytes) {
                words[count++] = (request.address[i] + static_cast<std::uint64_t>(byte)) / kBankBytes;
            }
        }
        std::sort(words, words + count);
        count = static_cast<int>(std::unique(words, words + count) - words);
        int load[kBanks] = {};
        int worst = 1;
        for (int i = 0; i < count; i++) {
            worst = std::max(worst, ++load[words[i] % kBanks]);
        }
        extra += static_cast<std::uint64_t>(worst - 1);
    }
    return extra;
}

void count_global(const Request& request, Trace* trace) {
    rlhf_simt_counters_t& sums = recording.sums;
    std::uint64_t sectors[kWarpSize];
    for (int i = 0; i < request.lanes; i++) {
        sectors[i] = request.address[i] / kSector;
    }
    std::sort(sectors, sectors + request.lanes);
    auto count = static_cast<std::uint64_t>(std::unique(sectors, sectors + request.lanes) - sectors);
    auto bytes = static_cast<std::uint64_t>(request.bytes) * static_cast<std::uint64_t>(request.lanes);
    bool write = writes(request.access);
    auto width = static_cast<std::uint64_t>(request.bytes);
    (write ? sums.write_bytes : sums.read_bytes) += bytes;
    (write ? sums.write_requests : sums.read_requests)++;
    (write ? sums.write_sectors : sums.read_sectors) += count;
    std::uint64_t& widest = write ? sums.widest_write : sums.widest_read;
    widest = std::max(widest, width);
    sums.atomics += request.access == Access::kAtomic ? static_cast<std::uint64_t>(request.lanes) : 0;
    if (trace != nullptr) {
        bool last = request.access == Access::kReadLast || request.access == Access::kWriteStreaming;
        for (std::uint64_t i = 0; i < count; i++) {
            (write ? recording.written : recording.read).insert(sectors[i]);
            trace->touches.push_back(Touch{sectors[i], write, last});
        }
        trace->ends.push_back(static_cast<std::uint32_t>(trace->touches.size()));
    }
}

// The wave's blocks take turns, a request each.
void replay_wave() {
    bool more = true;
    while (more) {
        more = false;
        for (Trace& trace : recording.wave) {
            if (trace.at < trace.ends.size()) {
                for (; trace.begin < trace.ends[trace.at]; trace.begin++) {
                    recording.cache->touch(trace.touches[trace.begin]);
                }
                trace.at++;
                more = true;
            }
        }
    }
    recording.wave.clear();
}

}  // namespace

int record_level() {
    return level;
}

void begin_recording(const Launch& launch) {
    recording = Recording();
    if (level < RLHF_SIMT_RECORD_TRAFFIC) {
        return;
    }
    const Kernel& kernel = *launch.kernel;
    int threads = static_cast<int>(launch.block.x * launch.block.y * launch.block.z);
    int registers = kernel.registers != 0 ? kernel.registers : kernel.image_registers;
    int shared = std::max(kernel.image_shared.load(), kernel.static_shared.load()) + launch.shared_bytes;
    int resident = std::max(resident_blocks(threads, registers, shared), static_cast<int>(1));
    recording.wave_size = static_cast<std::size_t>(resident) * static_cast<std::size_t>(device_model().multiprocessors);
    recording.cache = std::make_unique<CacheModel>(device_model().l2_bytes);
}

void record_block(const Launch&, Block& block) {
    Trace trace;
    bool traffic = recording.cache != nullptr;
    std::vector<std::vector<Request>> warps;
    std::size_t longest = 0;
    for (Warp& warp : block.warps) {
        warps.push_back(group_requests(warp));
        longest = std::max(longest, warps.back().size());
    }
    // The warps take turns, a request each.
    for (std::size_t i = 0; i < longest; i++) {
        for (const std::vector<Request>& requests : warps) {
            if (i >= requests.size()) {
                continue;
            }
            if (requests[i].shared) {
                recording.sums.shared_requests++;
                recording.sums.bank_conflicts += bank_conflicts(requests[i]);
            } else {
                count_global(requests[i], traffic ? &trace : nullptr);
            }
        }
    }
    if (traffic) {
        recording.wave.push_back(std::move(trace));
        if (recording.wave.size() == recording.wave_size) {
            replay_wave();
        }
    }
}

void end_recording(const Launch& launch) {
    rlhf_simt_counters_t& sums = recording.sums;
    if (recording.cache != nullptr) {
        replay_wave();
        recording.cache->flush();
        sums.dram_read = recording.cache->read_bytes();
        sums.dram_write = recording.cache->written_bytes();
        sums.compulsory_read = recording.read.size() * kSector;
        sums.compulsory_write = recording.written.size() * kSector;
    }
    std::lock_guard<std::mutex> lock(launch.kernel->counting);
    rlhf_simt_counters_t& total = launch.kernel->counters;
    total.widest_read = std::max(total.widest_read, sums.widest_read);
    total.widest_write = std::max(total.widest_write, sums.widest_write);
    for (auto field : {&rlhf_simt_counters_t::read_bytes, &rlhf_simt_counters_t::write_bytes, &rlhf_simt_counters_t::read_requests,
                       &rlhf_simt_counters_t::write_requests, &rlhf_simt_counters_t::read_sectors, &rlhf_simt_counters_t::write_sectors,
                       &rlhf_simt_counters_t::atomics, &rlhf_simt_counters_t::shared_requests, &rlhf_simt_counters_t::bank_conflicts,
                       &rlhf_simt_counters_t::compulsory_read, &rlhf_simt_counters_t::compulsory_write, &rlhf_simt_counters_t::dram_read,
                       &rlhf_simt_counters_t::dram_write}) {
        total.*field += sums.*field;
    }
    recording = Recording();
}

}  // namespace rlhf_simt

extern "C" RLHF_SIMT_EXPORT void rlhf_simt_record(int wanted) {
    rlhf_simt::level = wanted;
    int others = rlhf_simt_memory.watch & ~rlhf_simt::kWatchRecord;
    rlhf_simt_memory.watch = others | (wanted != RLHF_SIMT_RECORD_OFF ? rlhf_simt::kWatchRecord : 0);
}
