// Launches through the stand-in driver: results, schedules, faults.
#include <cmath>
#include <numeric>

#include "test_device.h"

namespace {

struct ScaleParams {
    const float* from;
    float* to;
    long long count;
    float factor;
};

struct RowParams {
    const float* rows;
    long long stride;
    float *maximum, *sum;
    double* total;
    double* partials;
    unsigned* arrived;
    int length;
};

struct OutParams {
    float* out;
};

std::vector<float> ramp(std::size_t count) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 1.0f);
    return values;
}

class Launch : public Device {
  protected:
    struct Rows {
        std::vector<float> maximum, sum;
        std::vector<double> total;
    };
    Rows run_rows(unsigned blocks, int length, int stride) {
        std::vector<float> values(blocks * static_cast<std::size_t>(stride));
        for (std::size_t i = 0; i < values.size(); i++) {
            values[i] = std::sin(static_cast<float>(i) * 0.37f);
        }
        RowParams params{upload(values), stride, allocate<float>(blocks), allocate<float>(blocks), allocate<double>(1), allocate<double>(blocks),
                         upload(std::vector<unsigned>{0}), length};
        EXPECT_EQ(CUDA_SUCCESS, launch("test_rows_f32", blocks, params));
        EXPECT_EQ(CUDA_SUCCESS, cuCtxSynchronize()) << rlhf_simt_last_fault();
        return {download(params.maximum, blocks), download(params.sum, blocks), download(params.total, 1)};
    }
};

TEST_F(Launch, Elements_AreScaled) {
    ScaleParams params{upload(ramp(1000)), allocate<float>(1000), 1000, 3.0f};
    ASSERT_EQ(CUDA_SUCCESS, launch("test_scale_f32", 4, params));
    std::vector<float> result = download(params.to, 1000);
    for (std::size_t i = 0; i < 1000; i++) {
        ASSERT_EQ(3.0f * static_cast<float>(i + 1), result[i]);
    }
}

TEST_F(Launch, Grid_Of70000Blocks) {
    ASSERT_EQ(CUDA_SUCCESS, launch("test_empty_f32", 70000, 0));
    EXPECT_EQ(CUDA_SUCCESS, cuCtxSynchronize());
    EXPECT_EQ(1u, rlhf_simt_launches("test_empty_f32"));
}

TEST_F(Launch, Rows_SameBitsOnEverySchedule) {
    Rows first = run_rows(37, 1003, 1005);
    double total = std::accumulate(first.sum.begin(), first.sum.end(), 0.0);
    EXPECT_NEAR(total, first.total[0], 1e-9);
    for (int kind : {RLHF_SIMT_DESCENDING, RLHF_SIMT_RANDOM, RLHF_SIMT_RANDOM}) {
        static std::uint64_t seed = 1;
        rlhf_simt_set_schedule(kind, seed++);
        Rows again = run_rows(37, 1003, 1005);
        EXPECT_EQ(first.maximum, again.maximum);
        EXPECT_EQ(first.sum, again.sum);
        EXPECT_EQ(first.total, again.total);
    }
}

TEST_F(Launch, Rows_HaveNoRaces) {
    rlhf_simt_check_races(1);
    run_rows(9, 700, 701);
}

TEST_F(Launch, HalfWarps_MeetAtTheirOwnPace) {
    OutParams params{allocate<float>(32)};
    ASSERT_EQ(CUDA_SUCCESS, launch("test_half_warps_f32", 1, params));
    EXPECT_EQ(32u, download(params.out, 32).size());
}

TEST_F(Launch, OutOfBounds_NamesKernelThreadAndAllocation) {
    ScaleParams params{upload(ramp(1000)), allocate<float>(1000), 1000, 3.0f};
    launch("test_scale_unbounded_f32", 4, params);
    expect_fault(CUDA_ERROR_ILLEGAL_ADDRESS, {"test_scale_unbounded_f32", "block (3, 0, 0), thread 232", "test_kernels.cu:",
                                              "0 bytes past the end of the allocation of 4000 bytes"});
}

TEST_F(Launch, Misaligned_PackIsRefused) {
    launch("test_pack_f32", 1, ScaleParams{upload(ramp(8)), allocate<float>(4), 1, 0});
    expect_fault(CUDA_ERROR_MISALIGNED_ADDRESS, {"reads 16 bytes", "misaligned"});
}

TEST_F(Launch, Uninitialised_ReadIsRefused) {
    launch("test_scale_f32", 1, ScaleParams{allocate<float>(8), allocate<float>(8), 8, 1});
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"never written"});
}

TEST_F(Launch, UseAfterFree_IsRefused) {
    ScaleParams params{upload(ramp(8)), allocate<float>(8), 8, 1};
    ASSERT_EQ(CUDA_SUCCESS, cuMemFree_v2(reinterpret_cast<CUdeviceptr>(params.from)));
    launch("test_scale_f32", 1, params);
    expect_fault(CUDA_ERROR_ILLEGAL_ADDRESS, {"which were freed"});
}

TEST_F(Launch, Fault_StaysUntilReset) {
    launch("test_shared_bounds_f32", 1, OutParams{allocate<float>(64)});
    EXPECT_EQ(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
    CUdeviceptr memory;
    EXPECT_EQ(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc_v2(&memory, 4));
    rlhf_simt_reset_fault();
    EXPECT_EQ(CUDA_SUCCESS, cuMemAlloc_v2(&memory, 4));
}

struct WrongKernel {
    const char* name;
    CUresult code;
    const char* text;
};

class WrongKernels : public Device, public ::testing::WithParamInterface<WrongKernel> {};

TEST_P(WrongKernels, AreCaughtOnEverySchedule) {
    for (int kind : {RLHF_SIMT_ASCENDING, RLHF_SIMT_DESCENDING, RLHF_SIMT_RANDOM}) {
        rlhf_simt_set_schedule(kind, 7);
        rlhf_simt_check_races(1);
        launch(GetParam().name, 2, OutParams{allocate<float>(64)});
        expect_fault(GetParam().code, {GetParam().name, GetParam().text});
    }
}

INSTANTIATE_TEST_SUITE_P(All, WrongKernels,
                         ::testing::Values(WrongKernel{"test_shared_race_f32", CUDA_ERROR_LAUNCH_FAILED, ""},
                                           WrongKernel{"test_shared_unwritten_f32", CUDA_ERROR_LAUNCH_FAILED, "nobody wrote"},
                                           WrongKernel{"test_shared_bounds_f32", CUDA_ERROR_ILLEGAL_ADDRESS, "byte 252 of an array of 252 bytes"},
                                           WrongKernel{"test_divergent_barrier_f32", CUDA_ERROR_LAUNCH_FAILED, "barrier divergence"},
                                           WrongKernel{"test_early_exit_f32", CUDA_ERROR_LAUNCH_FAILED, "left the kernel"},
                                           WrongKernel{"test_lost_lane_f32", CUDA_ERROR_LAUNCH_FAILED, "for the lanes 0xffffffff"},
                                           WrongKernel{"test_not_in_mask_f32", CUDA_ERROR_LAUNCH_FAILED, "not in its own mask"},
                                           WrongKernel{"test_global_race_f32", CUDA_ERROR_LAUNCH_FAILED, "race in global memory"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(Launch, WarpExchange_NeedsOnlyTheWarp) {
    for (int kind : {RLHF_SIMT_ASCENDING, RLHF_SIMT_DESCENDING, RLHF_SIMT_RANDOM}) {
        rlhf_simt_set_schedule(kind, 3);
        OutParams params{allocate<float>(64)};
        ASSERT_EQ(CUDA_SUCCESS, launch("test_warp_exchange_f32", 1, params));
        EXPECT_EQ(1.0f, download(params.out, 64)[0]);
    }
}

}  // namespace
