// Warp operations: the lanes of a mask meet, the last one to come computes for all.
#include <cstring>

#include "engine.h"
#include "matrix.h"

namespace rlhf_simt {
namespace {

Thread& lane_of(Warp& warp, int lane) {
    return warp.block->thread[static_cast<std::size_t>(warp.first + lane)];
}

int source_lane(const WarpRequest& request, int lane) {
    int first = lane & ~(request.width - 1), at = lane - first, from = at;
    switch (request.op) {
        case WarpOp::kIndex:
            from = request.argument & (request.width - 1);
            break;
        case WarpOp::kUp:
            from = at >= request.argument ? at - request.argument : at;
            break;
        case WarpOp::kDown:
            from = at + request.argument < request.width ? at + request.argument : at;
            break;
        default:  // xor may reach down into another segment, as on a device, but not up
            return (lane ^ request.argument) < first + request.width ? lane ^ request.argument : lane;
    }
    return first + from;
}

void shuffle_all(Warp& warp, unsigned mask) {
    for (unsigned left = mask; left != 0; left &= left - 1) {
        int lane = __builtin_ctz(left);
        Thread& thread = lane_of(warp, lane);
        int from = source_lane(thread.request, lane);
        if ((mask >> from & 1u) == 0) {
            fail_thread(CUDA_ERROR_LAUNCH_FAILED, thread.request.site,
                        format("lane %d shuffles from lane %d, which is not in the mask 0x%08x", lane, from, mask));
        }
        thread.result = lane_of(warp, from).request.value;
    }
}

void vote_all(Warp& warp, unsigned mask, WarpOp op) {
    unsigned ballot = 0;
    for (unsigned left = mask; left != 0; left &= left - 1) {
        int lane = __builtin_ctz(left);
        ballot |= lane_of(warp, lane).request.value != 0 ? 1u << lane : 0u;
    }
    std::uint64_t result = op == WarpOp::kBallot ? ballot : op == WarpOp::kAny ? ballot != 0 : ballot == mask;
    for (unsigned left = mask; left != 0; left &= left - 1) {
        lane_of(warp, __builtin_ctz(left)).result = result;
    }
}

// __syncwarp alone orders memory; shuffles and votes promise nothing.
void synchronise(Warp& warp, unsigned mask) {
    warp.clock++;
    if (mask == 0xFFFFFFFFu) {
        warp.full = warp.clock;
        return;
    }
    warp.pair.resize(kWarpSize * kWarpSize);
    for (int a = 0; a < kWarpSize; a++) {
        for (int b = 0; b < kWarpSize; b++) {
            if ((mask >> a & mask >> b & 1u) != 0) {
                warp.pair[static_cast<std::size_t>(a * kWarpSize + b)] = warp.clock;
            }
        }
    }
}

void complete(Warp& warp, unsigned mask, WarpOp op) {
    switch (op) {
        case WarpOp::kSync:
            synchronise(warp, mask);
            break;
        case WarpOp::kBallot:
        case WarpOp::kAny:
        case WarpOp::kAll:
            vote_all(warp, mask, op);
            break;
        case WarpOp::kMatrix: {
            MatrixOperand operands[kWarpSize];
            for (int lane = 0; lane < kWarpSize; lane++) {
                operands[lane] = *static_cast<const MatrixOperand*>(lane_of(warp, lane).request.operand);
            }
            load_matrices(operands);
            break;
        }
        case WarpOp::kMma: {
            MmaOperand operands[kWarpSize];
            for (int lane = 0; lane < kWarpSize; lane++) {
                operands[lane] = *static_cast<const MmaOperand*>(lane_of(warp, lane).request.operand);
            }
            multiply_matrices(operands);
            break;
        }
        default:
            shuffle_all(warp, mask);
            break;
    }
}

}  // namespace
}  // namespace rlhf_simt

std::uint64_t rlhf_simt_warp(const rlhf_simt::WarpRequest* request) {
    using namespace rlhf_simt;
    Group& group = running();
    Thread& self = *group.current;
    Warp& warp = warp_of(self);
    int lane = self.index % kWarpSize;
    unsigned mask = request->mask;
    if ((mask >> lane & 1u) == 0) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, request->site, format("lane %d is not in its own mask 0x%08x", lane, mask));
    }
    if (request->width < 1 || request->width > kWarpSize || (request->width & (request->width - 1)) != 0) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, request->site, format("a shuffle of width %d, expected a power of two up to 32", request->width));
    }
    self.request = *request;
    warp.waiting |= 1u << lane;
    if ((warp.waiting & mask) == mask) {
        bool meet = true;
        for (unsigned left = mask; left != 0; left &= left - 1) {
            const WarpRequest& other = lane_of(warp, __builtin_ctz(left)).request;
            if (other.mask != mask) {
                meet = false;  // waits for others first
            } else if (other.op != request->op || other.site.line != request->site.line) {
                fail_thread(CUDA_ERROR_LAUNCH_FAILED, request->site,
                            format("lane %d is here while lane %d of the same mask 0x%08x is at %s: warp divergence", lane,
                                   __builtin_ctz(left), mask, describe(other.site).c_str()));
            }
        }
        if (meet) {
            complete(warp, mask, request->op);
            warp.waiting &= ~mask;
            for (unsigned left = mask & ~(1u << lane); left != 0; left &= left - 1) {
                group.wake(lane_of(warp, __builtin_ctz(left)));
            }
            return self.result;
        }
    }
    group.yield(State::kWarp);
    return self.result;
}
