// Barriers of a block and of a cluster.
#include "engine.h"

using rlhf_simt::Block;
using rlhf_simt::describe;
using rlhf_simt::fail_thread;
using rlhf_simt::format;
using rlhf_simt::Group;
using rlhf_simt::running;
using rlhf_simt::Site;
using rlhf_simt::State;
using rlhf_simt::Thread;

namespace {

bool same(Site a, Site b) {
    return a.line == b.line && (a.file == b.file || __builtin_strcmp(a.file, b.file) == 0);
}

void check_place(Site expected, Site site) {
    if (!same(expected, site)) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site,
                    format("this barrier while other threads of the block wait at %s: barrier divergence",
                           describe(expected).c_str()));
    }
}

}  // namespace

int rlhf_simt_barrier(int predicate, int* count, Site site) {
    Group& group = running();
    Thread& self = *group.current;
    Block& block = *self.owner;
    if (block.exited > 0) {
        fail_thread(CUDA_ERROR_LAUNCH_FAILED, site,
                    format("a block barrier that %d of %d threads never reach: they have left the kernel", block.exited, block.threads));
    }
    if (block.arrived == 0) {
        block.barrier = site;
        block.votes = 0;
    } else {
        check_place(block.barrier, site);
    }
    block.arrived++;
    block.votes += predicate != 0;
    if (block.arrived < block.threads) {
        self.waiting = site;
        group.yield(State::kBarrier);
    } else {
        block.arrived = 0;
        block.epoch++;
        block.vote_result = block.votes;
        for (int i = 0; i < block.threads; i++) {
            if (i != self.index) {
                group.wake(block.thread[static_cast<std::size_t>(i)]);
            }
        }
    }
    *count = block.vote_result;
    return block.threads;
}

void rlhf_simt_cluster_barrier(Site site) {
    rlhf_simt_need_architecture(90, "a cluster barrier", site);
    Group& group = running();
    Thread& self = *group.current;
    int all = group.launch->cluster * self.owner->threads;
    if (group.cluster_arrived == 0) {
        group.cluster_site = site;
    } else {
        check_place(group.cluster_site, site);
    }
    self.waiting = site;
    if (++group.cluster_arrived < all) {
        group.yield(State::kCluster);
        return;
    }
    group.cluster_arrived = 0;
    group.cluster_epoch++;
    for (int b = 0; b < group.launch->cluster; b++) {
        Block& block = *group.blocks[static_cast<std::size_t>(b)];
        block.epoch++;
        for (int i = 0; i < block.threads; i++) {
            Thread& thread = block.thread[static_cast<std::size_t>(i)];
            if (&thread != &self) {
                group.wake(thread);
            }
        }
    }
}

unsigned rlhf_simt_cluster_rank(Site site) {
    rlhf_simt_need_architecture(90, "%cluster_ctarank", site);
    return running().current->owner->rank;
}

unsigned rlhf_simt_cluster_size(Site site) {
    rlhf_simt_need_architecture(90, "%cluster_nctarank", site);
    return static_cast<unsigned>(running().launch->cluster);
}
