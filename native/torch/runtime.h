// Threads: one OpenMP team (libtorch's) splits the work by sequences; BLAS runs inside each worker.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rlhf::torch_models {

// Flush-to-zero for the enclosing scope: denormals cost a factor of three in a training step. The caller's
// own mode comes back, since managed code and double references must keep gradual underflow.
class FlushDenormals {
  public:
    FlushDenormals();
    ~FlushDenormals();
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

  private:
    unsigned saved_;
};

// Flush-to-zero in the threads of libtorch's team, for operations that it shares out itself. They run nothing
// of the caller's, so theirs stays on; the calling thread, one of the team, is in the caller's
// FlushDenormals.
void flush_denormals_in_team();

// How many threads BLAS itself may use within the scope, where the BLAS can be asked (OpenBLAS). Two pools
// that spin against each other cost more than they bring, so with several workers each worker's BLAS is
// serial.
class BlasThreads {
  public:
    explicit BlasThreads(int threads);
    ~BlasThreads();
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;

  private:
    int saved_;
};

void tune_allocator();
std::string describe_runtime();

// Runs f(0) … f(workers − 1), one thread each.
template <class Body>
void run_workers(int workers, const Body& body) {
    BlasThreads blas(workers > 1 ? 1 : at::get_num_threads());
    at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
        FlushDenormals flush;
        c10::InferenceMode no_autograd;
        for (int64_t worker = begin; worker < end; worker++) body(static_cast<int>(worker));
    });
}

struct Range {
    int64_t begin, end;
    int64_t size() const { return end - begin; }
};

// The part of [0, count) that falls to one worker, in multiples of `unit`.
inline Range share(int64_t count, int worker, int workers, int64_t unit = 1) {
    const int64_t units = (count + unit - 1) / unit;
    const int64_t begin = units * worker / workers * unit, end = units * (worker + 1) / workers * unit;
    return {begin < count ? begin : count, end < count ? end : count};
}

}  // namespace rlhf::torch_models
