// cp.async, ldmatrix with mma, clusters, and the approximate and short-float helpers.
#include <cmath>
#include <cstring>

#include "test_device.h"

// After the standard library: it defines CUDA's keywords as macros.
#include "device_tensor.h"

namespace {

struct CopyParams {
    const unsigned short* from;
    unsigned short* to;
};

struct MmaParams {
    const unsigned short *a, *b;
    float* d;
};

struct OutParams {
    float* out;
};

unsigned short to_bf16(float value) {
    return static_cast<unsigned short>(__float_as_uint(value) >> 16);
}

class Tensor : public Device {
  protected:
    CopyParams copies() {
        std::vector<unsigned short> values(256);
        for (std::size_t i = 0; i < values.size(); i++) {
            values[i] = static_cast<unsigned short>(i * 7);
        }
        return {upload(values), allocate<unsigned short>(256)};
    }
    CUresult launch_cluster(const char* name, unsigned blocks, unsigned cluster, OutParams params) {
        CUlaunchAttribute attribute{};
        attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
        attribute.value.clusterDim.x = cluster;
        attribute.value.clusterDim.y = attribute.value.clusterDim.z = 1;
        CUlaunchConfig config{blocks, 1, 1, 64, 1, 1, 0, nullptr, &attribute, 1};
        void* pointers[] = {&params};
        return cuLaunchKernelEx(&config, function(name), pointers, nullptr);
    }
};

TEST_F(Tensor, CopyAsync_ArrivesAfterWaitAndBarrier) {
    for (int kind : {RLHF_SIMT_ASCENDING, RLHF_SIMT_DESCENDING, RLHF_SIMT_RANDOM}) {
        rlhf_simt_set_schedule(kind, 5);
        CopyParams params = copies();
        ASSERT_EQ(CUDA_SUCCESS, launch("test_copy_async_bf16", 1, params, nullptr, 512));
        EXPECT_EQ(download(params.from, 256), download(params.to, 256));
    }
}

TEST_F(Tensor, CopyAsync_MissingWaitIsRefused) {
    launch("test_copy_async_early_bf16", 1, copies(), nullptr, 512);
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"cp.async"});
}

TEST_F(Tensor, CopyAsync_MissingBarrierIsRefused) {
    launch("test_copy_async_unordered_bf16", 1, copies(), nullptr, 512);
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"test_copy_async_unordered_bf16"});
}

TEST_F(Tensor, Mma_MultipliesByLaneLayout) {
    std::vector<unsigned short> a(256), b(128);
    std::vector<float> exact(128);
    for (int i = 0; i < 256; i++) a[static_cast<std::size_t>(i)] = to_bf16(static_cast<float>(i % 13 - 6));
    for (int i = 0; i < 128; i++) b[static_cast<std::size_t>(i)] = to_bf16(static_cast<float>(i % 7 - 3));
    for (std::size_t row = 0; row < 16; row++) {
        for (std::size_t column = 0; column < 8; column++) {
            for (std::size_t k = 0; k < 16; k++) {
                exact[row * 8 + column] += __uint_as_float(static_cast<unsigned>(a[row * 16 + k]) << 16) *
                                           __uint_as_float(static_cast<unsigned>(b[column * 16 + k]) << 16);
            }
        }
    }
    MmaParams params{upload(a), upload(b), allocate<float>(128)};
    ASSERT_EQ(CUDA_SUCCESS, launch("test_mma_bf16", 1, params));
    EXPECT_EQ(exact, download(params.d, 128));
}

TEST_F(Tensor, Cluster_BlocksReadEachOther) {
    for (int kind : {RLHF_SIMT_ASCENDING, RLHF_SIMT_DESCENDING, RLHF_SIMT_RANDOM}) {
        rlhf_simt_set_schedule(kind, 11);
        OutParams params{allocate<float>(512)};
        ASSERT_EQ(CUDA_SUCCESS, launch_cluster("test_cluster_f32", 8, 4, params));
        std::vector<float> sums = download(params.out, 512);
        for (std::size_t i = 0; i < 512; i++) {
            float first = static_cast<float>(i / 256 * 4 * 64 + i % 64);
            ASSERT_EQ(4 * first + 64 * (1 + 2 + 3), sums[i]);
        }
    }
}

TEST_F(Tensor, Cluster_MissingBarrierIsRefused) {
    launch_cluster("test_cluster_race_f32", 4, 4, OutParams{allocate<float>(256)});
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"test_cluster_race_f32"});
}

TEST_F(Tensor, Cluster_ReadingABlockThatLeftIsRefused) {
    launch_cluster("test_cluster_exit_f32", 4, 4, OutParams{allocate<float>(256)});
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"whose threads leave"});
}

TEST_F(Tensor, Cluster_ShapeIsChecked) {
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_cluster("test_cluster_f32", 6, 4, OutParams{allocate<float>(512)}));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_cluster("test_cluster_f32", 16, 16, OutParams{allocate<float>(1024)}));
}

TEST(Helpers, Exp2Approx_StaysWithinTwoUlp) {
    bool inexact = false;
    for (float x = -125.0f; x < 127.0f; x += 0.0371f) {
        int distance = static_cast<int>(__float_as_uint(exp2_approx(x))) - static_cast<int>(__float_as_uint(exp2f(x)));
        ASSERT_LE(std::abs(distance), 2) << x;
        inexact |= distance != 0;
    }
    EXPECT_TRUE(inexact);
    EXPECT_EQ(1.0f, exp2_approx(0.0f));
    EXPECT_EQ(0.0f, exp2_approx(-127.0f));
    EXPECT_EQ(0.0f, exp2_approx(-INFINITY));
    EXPECT_EQ(INFINITY, exp2_approx(128.0f));
    EXPECT_TRUE(std::isnan(exp2_approx(NAN)));
}

TEST(Helpers, F16_RoundTripsEveryValue) {
    for (unsigned bits = 0; bits < 0x10000u; bits++) {
        float value = f16_bits_to_f32(static_cast<unsigned short>(bits));
        if (value == value) {
            ASSERT_EQ(bits, f32_to_f16_bits(value));
        }
    }
    EXPECT_EQ(5.9604645e-8f, f16_bits_to_f32(1));
    EXPECT_EQ(65504.0f, f16_bits_to_f32(0x7BFF));
}

TEST(Helpers, F16_RoundsToNearestEven) {
    EXPECT_EQ(0x3C00, f32_to_f16_bits(1.00048828125f));
    EXPECT_EQ(0x3C02, f32_to_f16_bits(1.00146484375f));
    EXPECT_EQ(0x7BFF, f32_to_f16_bits(65519.99f));
    EXPECT_EQ(0x7C00, f32_to_f16_bits(65520.0f));
    EXPECT_EQ(0x0000, f32_to_f16_bits(2.98023224e-8f));
    EXPECT_EQ(0x0001, f32_to_f16_bits(2.9802325e-8f));
    EXPECT_EQ(0x8000, f32_to_f16_bits(-0.0f));
}

}  // namespace
