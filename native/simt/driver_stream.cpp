// Streams, events, capture and graphs. Work runs when it is submitted; a capturing stream keeps it for the graph's replays.
#include <algorithm>
#include <chrono>

#include "driver.h"

using namespace rlhf_simt;

namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

template <class T>
T* enlist(T* handle) {
    Lock lock(Driver::instance().mutex);
    Driver::instance().live.insert(handle);
    return handle;
}

template <class T>
CUresult dispose(T* handle) {
    {
        Lock lock(Driver::instance().mutex);
        if (Driver::instance().live.erase(handle) == 0) {
            return CUDA_ERROR_INVALID_HANDLE;
        }
    }
    delete handle;
    return CUDA_SUCCESS;
}

bool known_stream(CUstream stream) {
    return stream == nullptr || is_live(stream);
}

void invalidate_captures() {
    for (CUstream stream : Driver::instance().capturing) {
        stream->invalidated = true;
    }
}

double now() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

namespace rlhf_simt {

CUresult ready_to_synchronise() {
    CUresult status = ready();
    Lock lock(Driver::instance().mutex);
    if (status == CUDA_SUCCESS && !Driver::instance().capturing.empty()) {
        invalidate_captures();
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return status;
}

CUresult submit(CUstream stream, GraphNode work) {
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    {
        Lock lock(Driver::instance().mutex);
        if (!known_stream(stream)) {
            return CUDA_ERROR_INVALID_HANDLE;
        }
        if (stream == nullptr) {
            // The legacy stream waits for blocking streams, which a capture cannot express.
            for (CUstream other : Driver::instance().capturing) {
                if ((other->flags & 1u) == 0) {
                    invalidate_captures();
                    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
                }
            }
        } else if (stream->capture != nullptr) {
            if (stream->invalidated) {
                return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
            }
            stream->capture->nodes.push_back(std::move(work));
            return CUDA_SUCCESS;
        }
    }
    work();
    return CUDA_SUCCESS;
}

}  // namespace rlhf_simt

RLHF_CUDA cuStreamCreate(CUstream* stream, unsigned flags) {
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    *stream = enlist(new CUstream_st);
    (*stream)->flags = flags;
    return CUDA_SUCCESS;
}

RLHF_CUDA cuStreamDestroy_v2(CUstream stream) {
    return dispose(stream);
}

RLHF_CUDA cuStreamSynchronize(CUstream stream) {
    if (!known_stream(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (stream != nullptr && stream->capture == nullptr) {
        return ready();
    }
    return ready_to_synchronise();
}

RLHF_CUDA cuStreamQuery(CUstream stream) {
    return cuStreamSynchronize(stream);
}

RLHF_CUDA cuEventCreate(CUevent* event, unsigned) {
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    *event = enlist(new CUevent_st);
    return CUDA_SUCCESS;
}

RLHF_CUDA cuEventDestroy_v2(CUevent event) {
    return dispose(event);
}

RLHF_CUDA cuEventRecord(CUevent event, CUstream stream) {
    if (!is_live(event) || !known_stream(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    event->capture = stream != nullptr ? stream->capture : nullptr;
    return submit(stream, [event] {
        event->recorded = true;
        event->milliseconds = now();
    });
}

RLHF_CUDA cuEventSynchronize(CUevent event) {
    if (!is_live(event)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return event->capture.expired() ? ready() : ready_to_synchronise();
}

RLHF_CUDA cuEventQuery(CUevent event) {
    return cuEventSynchronize(event);
}

RLHF_CUDA cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    if (!is_live(start) || !is_live(end) || !start->recorded || !end->recorded) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *milliseconds = static_cast<float>(end->milliseconds - start->milliseconds);
    return ready();
}

RLHF_CUDA cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
    if (!is_live(event) || !known_stream(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    Lock lock(Driver::instance().mutex);
    std::shared_ptr<CUgraph_st> graph = event->capture.lock();
    if (graph != nullptr && stream != nullptr && stream->capture == nullptr) {
        stream->capture = graph;  // joins the capture
        Driver::instance().capturing.push_back(stream);
    } else if (graph == nullptr && stream != nullptr && stream->capture != nullptr) {
        invalidate_captures();
        return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    }
    return ready();
}

RLHF_CUDA cuStreamBeginCapture_v2(CUstream stream, int mode) {
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    Lock lock(Driver::instance().mutex);
    if (stream == nullptr) {
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    if (!is_live(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (mode < 0 || mode > 2 || stream->capture != nullptr) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    stream->capture = std::make_shared<CUgraph_st>();
    stream->origin = true;
    stream->invalidated = false;
    Driver::instance().capturing.push_back(stream);
    return CUDA_SUCCESS;
}

RLHF_CUDA cuStreamEndCapture(CUstream stream, CUgraph* graph) {
    Lock lock(Driver::instance().mutex);
    *graph = nullptr;
    if (!is_live(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (stream->capture == nullptr) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!stream->origin) {
        return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    }
    std::shared_ptr<CUgraph_st> captured = stream->capture;
    bool invalidated = stream->invalidated;
    auto& capturing = Driver::instance().capturing;
    for (CUstream other : capturing) {
        if (other->capture == captured) {
            other->capture = nullptr;
            other->origin = other->invalidated = false;
        }
    }
    capturing.erase(std::remove_if(capturing.begin(), capturing.end(), [](CUstream s) { return s->capture == nullptr; }), capturing.end());
    if (invalidated) {
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    *graph = enlist(new CUgraph_st(std::move(*captured)));
    return ready();
}

RLHF_CUDA cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
    if (!known_stream(stream)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    bool capturing = stream != nullptr && stream->capture != nullptr;
    *status = !capturing            ? CU_STREAM_CAPTURE_STATUS_NONE
              : stream->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                    : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    return ready();
}

RLHF_CUDA cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
    if (!is_live(graph)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *executable = enlist(new CUgraphExec_st{graph->nodes});
    return ready();
}

RLHF_CUDA cuGraphInstantiate_v2(CUgraphExec* executable, CUgraph graph, void* error_node, char*, std::size_t) {
    if (error_node != nullptr) {
        *static_cast<void**>(error_node) = nullptr;
    }
    return cuGraphInstantiateWithFlags(executable, graph, 0);
}

RLHF_CUDA cuGraphLaunch(CUgraphExec executable, CUstream stream) {
    if (!is_live(executable)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return submit(stream, [nodes = executable->nodes] {
        for (const GraphNode& node : nodes) {
            if (fault_code() == CUDA_SUCCESS) {
                node();
            }
        }
    });
}

RLHF_CUDA cuGraphDestroy(CUgraph graph) {
    return dispose(graph);
}

RLHF_CUDA cuGraphExecDestroy(CUgraphExec executable) {
    return dispose(executable);
}

extern "C" RLHF_SIMT_EXPORT int rlhf_simt_enqueue(void* stream, int (*work)(void*), void* user, void (*done)(void*)) {
    std::shared_ptr<void> owned(user, [done](void* memory) {
        if (done != nullptr) {
            done(memory);
        }
    });
    return submit(static_cast<CUstream>(stream), [work, owned] { work(owned.get()); });
}
