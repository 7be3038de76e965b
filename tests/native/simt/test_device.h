// The test program's side of the stand-in driver: what a host binding does, with gtest's checks.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cuda_api.h"
#include "driver_api.h"
#include "rlhf_simt.h"

constexpr const char kAllKernels[] = "//rlhf-simt";

class Device : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(CUDA_SUCCESS, cuInit(0));
        CUcontext context;
        ASSERT_EQ(CUDA_SUCCESS, cuDevicePrimaryCtxRetain(&context, 0));
        ASSERT_EQ(CUDA_SUCCESS, cuCtxSetCurrent(context));
        ASSERT_EQ(CUDA_SUCCESS, cuModuleLoadData(&module_, kAllKernels));
    }
    void TearDown() override {
        rlhf_simt_set_schedule(RLHF_SIMT_ASCENDING, 0);
        rlhf_simt_check_races(0);
        rlhf_simt_record(RLHF_SIMT_RECORD_OFF);
        rlhf_simt_reset_counters();
        cuDevicePrimaryCtxReset_v2(0);
        cuModuleUnload(module_);
    }

    template <class T>
    T* allocate(std::size_t count) {
        CUdeviceptr address = 0;
        EXPECT_EQ(CUDA_SUCCESS, cuMemAlloc_v2(&address, count * sizeof(T)));
        return reinterpret_cast<T*>(address);
    }
    template <class T>
    T* upload(const std::vector<T>& values) {
        T* memory = allocate<T>(values.size());
        EXPECT_EQ(CUDA_SUCCESS, cuMemcpyHtoD_v2(reinterpret_cast<CUdeviceptr>(memory), values.data(), values.size() * sizeof(T)));
        return memory;
    }
    template <class T>
    std::vector<T> download(const T* memory, std::size_t count) {
        std::vector<T> values(count);
        EXPECT_EQ(CUDA_SUCCESS, cuMemcpyDtoH_v2(values.data(), reinterpret_cast<CUdeviceptr>(memory), count * sizeof(T)))
            << rlhf_simt_last_fault();
        return values;
    }
    CUfunction function(const char* name) {
        CUfunction found = nullptr;
        EXPECT_EQ(CUDA_SUCCESS, cuModuleGetFunction(&found, module_, name)) << name;
        return found;
    }
    template <class Params>
    CUresult launch(const char* name, unsigned blocks, const Params& params, CUstream stream = nullptr, unsigned shared_bytes = 0) {
        CUfunction kernel = function(name);
        int threads = 0;
        EXPECT_EQ(CUDA_SUCCESS, cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel));
        void* pointers[] = {const_cast<Params*>(&params)};
        return cuLaunchKernel(kernel, blocks, 1, 1, static_cast<unsigned>(threads), 1, 1, shared_bytes, stream, pointers, nullptr);
    }
    // The launch ends in this fault, whose text holds all the parts.
    void expect_fault(CUresult code, const std::vector<std::string>& parts) {
        EXPECT_EQ(code, cuCtxSynchronize());
        const char* text = nullptr;
        ASSERT_EQ(CUDA_SUCCESS, cuGetErrorString(code, &text));
        for (const std::string& part : parts) {
            EXPECT_NE(std::string::npos, std::string(text).find(part)) << "no \"" << part << "\" in: " << text;
        }
        rlhf_simt_reset_fault();
    }

    CUmodule module_ = nullptr;
};
