// Stand-in for cuBLAS: column-major GEMM on the emulated device's memory by OpenBLAS, or by loops where there is none. Operands are
// checked like a kernel's, and calls keep the order of their stream or join its capture.
#include <dlfcn.h>

#include <cstdint>
#include <vector>

#include "device_tensor.h"
#include "rlhf_simt.h"

#define RLHF_CUBLAS extern "C" RLHF_SIMT_EXPORT Status

namespace {

enum Status : int { kSuccess = 0, kNotInitialised = 1, kInvalidValue = 7, kExecutionFailed = 13, kNotSupported = 15 };
enum Type : int { kF32 = 0, kF16 = 2, kBf16 = 14 };
constexpr int kCompute32 = 68, kCompute32Pedantic = 69, kComputeFast16 = 74, kComputeFastBf16 = 75, kComputeFastTf32 = 77;
constexpr int kVersion = 120400;

struct Handle {
    void* stream = nullptr;
};

struct Operand {
    const void* data;
    Type type;
    int stride;
    bool transposed;
    int rows, columns;  // as stored
};

struct Gemm {
    int m, n, k;
    float alpha, beta;
    Operand a, b, c;
};

using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a, int lda, const float* b,
                       int ldb, float beta, float* c, int ldc);

Sgemm openblas() {
    static Sgemm function = [] {
        void* library = dlopen("libopenblas.so.0", RTLD_NOW);
        return library != nullptr ? reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm")) : nullptr;
    }();
    return function;
}

int bytes_of(Type type) {
    return type == kF32 ? 4 : 2;
}

float read(const void* data, Type type, std::int64_t i) {
    if (type == kF32) {
        return static_cast<const float*>(data)[i];
    }
    unsigned short bits = static_cast<const unsigned short*>(data)[i];
    return type == kF16 ? f16_bits_to_f32(bits) : __uint_as_float(static_cast<unsigned>(bits) << 16);
}

void write(void* data, Type type, std::int64_t i, float value) {
    if (type == kF32) {
        static_cast<float*>(data)[i] = value;
    } else if (type == kF16) {
        static_cast<unsigned short*>(data)[i] = f32_to_f16_bits(value);
    } else {
        unsigned bits = __float_as_uint(value), rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
        static_cast<unsigned short*>(data)[i] = static_cast<unsigned short>((value != value ? bits | 0x400000u : rounded) >> 16);
    }
}

bool allowed(const char* who, const Operand& operand, bool writing) {
    int size = bytes_of(operand.type);
    return rlhf_simt_check_rows(who, operand.data, operand.columns, static_cast<std::int64_t>(operand.rows) * size,
                                static_cast<std::int64_t>(operand.stride) * size, writing ? 1 : 0) == 0;
}

std::vector<float> widened(const Operand& operand) {
    std::vector<float> values(static_cast<std::size_t>(operand.rows) * static_cast<std::size_t>(operand.columns));
    std::size_t at = 0;
    for (int column = 0; column < operand.columns; column++) {
        for (int row = 0; row < operand.rows; row++) {
            values[at++] = read(operand.data, operand.type, static_cast<std::int64_t>(column) * operand.stride + row);
        }
    }
    return values;
}

void multiply(const Gemm& g, const float* a, int lda, const float* b, int ldb, float* c, int ldc) {
    constexpr int kColumnMajor = 102, kPlain = 111, kTransposed = 112;
    if (Sgemm sgemm = openblas()) {
        sgemm(kColumnMajor, g.a.transposed ? kTransposed : kPlain, g.b.transposed ? kTransposed : kPlain, g.m, g.n, g.k, g.alpha, a, lda, b, ldb,
              g.beta, c, ldc);
        return;
    }
    for (std::int64_t column = 0; column < g.n; column++) {
        for (std::int64_t row = 0; row < g.m; row++) {
            float sum = 0;
            for (std::int64_t i = 0; i < g.k; i++) {
                sum += a[g.a.transposed ? row * lda + i : i * lda + row] * b[g.b.transposed ? i * ldb + column : column * ldb + i];
            }
            float& to = c[column * ldc + row];
            to = g.alpha * sum + (g.beta == 0 ? 0.0f : g.beta * to);
        }
    }
}

int run(void* argument) {
    const Gemm& g = *static_cast<const Gemm*>(argument);
    if (g.m == 0 || g.n == 0) {
        return 0;
    }
    bool checked = allowed("gemm, operand A", g.a, false) && allowed("gemm, operand B", g.b, false) &&
                   (g.beta == 0 || allowed("gemm, operand C", g.c, false)) && allowed("gemm, operand C", g.c, true);
    if (!checked) {
        return 1;
    }
    auto* target = const_cast<void*>(g.c.data);
    bool plain = g.a.type == kF32 && g.b.type == kF32 && g.c.type == kF32;
    if (plain) {
        multiply(g, static_cast<const float*>(g.a.data), g.a.stride, static_cast<const float*>(g.b.data), g.b.stride, static_cast<float*>(target),
                 g.c.stride);
        return 0;
    }
    std::vector<float> a = widened(g.a), b = widened(g.b);
    std::vector<float> c = g.beta != 0 ? widened(g.c) : std::vector<float>(static_cast<std::size_t>(g.m) * static_cast<std::size_t>(g.n));
    multiply(g, a.data(), g.a.rows, b.data(), g.b.rows, c.data(), g.m);
    for (int column = 0; column < g.n; column++) {
        for (int row = 0; row < g.m; row++) {
            write(target, g.c.type, static_cast<std::int64_t>(column) * g.c.stride + row,
                  c[static_cast<std::size_t>(column) * static_cast<std::size_t>(g.m) + static_cast<std::size_t>(row)]);
        }
    }
    return 0;
}

bool known_type(int type) {
    return type == kF32 || type == kF16 || type == kBf16;
}

Status submit(Handle* handle, const Gemm& gemm) {
    if (handle == nullptr) {
        return kNotInitialised;
    }
    const Operand* operands[] = {&gemm.a, &gemm.b, &gemm.c};
    for (const Operand* operand : operands) {
        if (operand->stride < (operand->rows > 1 ? operand->rows : 1)) {
            return kInvalidValue;
        }
    }
    int status = rlhf_simt_enqueue(handle->stream, run, new Gemm(gemm), [](void* user) { delete static_cast<Gemm*>(user); });
    return status == 0 ? kSuccess : kExecutionFailed;
}

}  // namespace

RLHF_CUBLAS cublasCreate_v2(Handle** handle) {
    *handle = new Handle;
    return kSuccess;
}

RLHF_CUBLAS cublasDestroy_v2(Handle* handle) {
    delete handle;
    return kSuccess;
}

RLHF_CUBLAS cublasGetVersion_v2(Handle*, int* version) {
    *version = kVersion;
    return kSuccess;
}

RLHF_CUBLAS cublasSetStream_v2(Handle* handle, void* stream) {
    if (handle == nullptr) {
        return kNotInitialised;
    }
    handle->stream = stream;
    return kSuccess;
}

RLHF_CUBLAS cublasSetMathMode(Handle* handle, int) {
    return handle != nullptr ? kSuccess : kNotInitialised;
}

RLHF_CUBLAS cublasSetPointerMode_v2(Handle* handle, int mode) {
    return handle == nullptr ? kNotInitialised : mode == 0 ? kSuccess : kNotSupported;  // host pointers only
}

RLHF_CUBLAS cublasSetWorkspace_v2(Handle* handle, void* workspace, std::size_t) {
    bool aligned = reinterpret_cast<std::uintptr_t>(workspace) % 256 == 0;
    return handle == nullptr ? kNotInitialised : aligned ? kSuccess : kInvalidValue;
}

RLHF_CUBLAS cublasGemmEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha, const void* a, int a_type,
                         int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc, int compute, int) {
    bool computes = compute == kCompute32 || compute == kCompute32Pedantic || compute == kComputeFast16 ||
                    compute == kComputeFastBf16 || compute == kComputeFastTf32;
    // The library's table: A and B of one type; C of f32 or of theirs.
    bool table = known_type(a_type) && a_type == b_type && (c_type == kF32 || c_type == a_type);
    if (!computes || !table) {
        return kNotSupported;
    }
    bool shape = m >= 0 && n >= 0 && k >= 0 && transpose_a >= 0 && transpose_a <= 2 && transpose_b >= 0 && transpose_b <= 2;
    if (!shape || alpha == nullptr || beta == nullptr) {
        return kInvalidValue;
    }
    Gemm gemm{m, n, k, *static_cast<const float*>(alpha), *static_cast<const float*>(beta), {}, {}, {}};
    bool ta = transpose_a != 0, tb = transpose_b != 0;
    gemm.a = Operand{a, static_cast<Type>(a_type), lda, ta, ta ? k : m, ta ? m : k};
    gemm.b = Operand{b, static_cast<Type>(b_type), ldb, tb, tb ? n : k, tb ? k : n};
    gemm.c = Operand{c, static_cast<Type>(c_type), ldc, false, m, n};
    return submit(handle, gemm);
}

RLHF_CUBLAS cublasSgemm_v2(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, const float* a, int lda,
                           const float* b, int ldb, const float* beta, float* c, int ldc) {
    return cublasGemmEx(handle, transpose_a, transpose_b, m, n, k, alpha, a, kF32, lda, b, kF32, ldb, beta, c, kF32, ldc, kCompute32, -1);
}

extern "C" RLHF_SIMT_EXPORT const char* cublasGetStatusString(int status) {
    switch (status) {
        case kSuccess:
            return "CUBLAS_STATUS_SUCCESS";
        case kNotInitialised:
            return "CUBLAS_STATUS_NOT_INITIALIZED";
        case kInvalidValue:
            return "CUBLAS_STATUS_INVALID_VALUE";
        case kExecutionFailed:
            return "CUBLAS_STATUS_EXECUTION_FAILED";
        case kNotSupported:
            return "CUBLAS_STATUS_NOT_SUPPORTED";
        default:
            return "an unknown cuBLAS status";
    }
}
