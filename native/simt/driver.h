// State of the stand-in driver, shared by the files that export its functions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "cuda_api.h"
#include "engine.h"
#include "image.h"
#include "memory.h"

#define RLHF_CUDA extern "C" RLHF_SIMT_API CUresult

struct CUctx_st {};

struct CUfunc_st {
    rlhf_simt::Kernel* kernel;
    int dynamic_limit;
};

struct CUmod_st {
    std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};

using GraphNode = std::function<void()>;

struct CUgraph_st {
    std::vector<GraphNode> nodes;
};

struct CUgraphExec_st {
    std::vector<GraphNode> nodes;
};

struct CUstream_st {
    unsigned flags = 0;
    std::shared_ptr<CUgraph_st> capture;  // the graph under construction
    bool origin = false, invalidated = false;
};

struct CUevent_st {
    bool recorded = false;
    double milliseconds = 0;
    std::weak_ptr<CUgraph_st> capture;
};

namespace rlhf_simt {

struct Driver {
    std::recursive_mutex mutex;
    bool initialised = false;
    CUctx_st primary;
    std::unordered_set<const void*> live;  // streams, events, modules, functions, graphs
    std::vector<CUstream> capturing;

    static Driver& instance();
};

// Success, or why no call can work now: not initialised, no current context, a fault on the device.
CUresult ready();
// The same, and refused (and the capture invalidated) while a stream captures.
CUresult ready_to_synchronise();

bool is_live(const void* handle);

// Runs the work in the stream's order: now, since nothing is ever pending, or whenever the captured graph is replayed.
CUresult submit(CUstream stream, GraphNode work);

}  // namespace rlhf_simt
