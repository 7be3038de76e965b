#include "torch/runtime.h"

#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace rlhf::torch_models {
namespace {

struct OpenBlas {
    int (*get)() = nullptr;
    void (*set)(int) = nullptr;
    char* (*core)() = nullptr;
};

// libtorch has already loaded its BLAS; RTLD_NOLOAD finds that copy or nothing.
const OpenBlas& openblas() {
    static const OpenBlas found = [] {
        OpenBlas blas;
        for (const char* name : {"libopenblas.so.0", "libopenblas.so"}) {
            void* library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
            if (library == nullptr) continue;
            blas.get = reinterpret_cast<int (*)()>(dlsym(library, "openblas_get_num_threads"));
            blas.set = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
            blas.core = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
            break;
        }
        return blas;
    }();
    return found;
}

}  // namespace

#if defined(__x86_64__)
FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
FlushDenormals::~FlushDenormals() { _mm_setcsr(saved_); }
static void flush_here() { _mm_setcsr(_mm_getcsr() | 0x8040u); }
#else
FlushDenormals::FlushDenormals() : saved_(0) {}
FlushDenormals::~FlushDenormals() = default;
static void flush_here() {}
#endif

void flush_denormals_in_team() {
    at::parallel_for(0, at::get_num_threads(), 1, [](int64_t, int64_t) { flush_here(); });
}

BlasThreads::BlasThreads(int threads) : saved_(0) {
    const OpenBlas& blas = openblas();
    if (blas.get == nullptr || blas.set == nullptr) return;
    const int now = blas.get();
    if (now == threads) return;
    saved_ = now;
    blas.set(threads);
}

BlasThreads::~BlasThreads() {
    if (saved_ > 0) openblas().set(saved_);
}

// Large temporaries would otherwise be mapped, zeroed by the kernel and unmapped again at each step.
void tune_allocator() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc accepts
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

std::string describe_runtime() {
    const OpenBlas& blas = openblas();
    std::string text = std::string("libtorch ") + TORCH_VERSION + ", " +
                       std::to_string(at::get_num_threads()) + " threads, BLAS ";
    return text + (blas.core != nullptr ? std::string("OpenBLAS ") + blas.core() : "of libtorch");
}

}  // namespace rlhf::torch_models
