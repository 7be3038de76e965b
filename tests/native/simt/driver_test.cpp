// The driver's rules: images, shapes, memory, capture and graphs.
#include <cstring>

#include "test_device.h"

namespace {

struct ScaleParams {
    const float* from;
    float* to;
    long long count;
    float factor;
};

class Driver : public Device {
  protected:
    ScaleParams scale(float factor = 2) { return {upload(std::vector<float>{1, 2, 3}), allocate<float>(3), 3, factor}; }
    CUstream stream() {
        CUstream made = nullptr;
        EXPECT_EQ(CUDA_SUCCESS, cuStreamCreate(&made, 1));
        return made;
    }
};

std::string ptx(const char* version, const char* target, const char* name, int bytes) {
    return std::string(".version ") + version + "\n.target " + target + "\n.address_size 64\n.shared .align 16 .b8 _ZZ4tile[512];\n" +
           ".visible .entry " + name + "(\n.param .align 8 .b8 " + name + "_param_0[" + std::to_string(bytes) +
           "]\n)\n.maxntid 256, 1, 1\n{\nmov.u64 %rd1, _ZZ4tile;\nret;\n}\n";
}

TEST_F(Driver, Ptx_ResolvesItsOwnEntriesOnly) {
    CUmodule module;
    CUfunction found;
    ASSERT_EQ(CUDA_SUCCESS, cuModuleLoadData(&module, ptx("7.8", "sm_80", "test_scale_f32", sizeof(ScaleParams)).c_str()));
    EXPECT_EQ(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&found, module, "test_rows_f32"));
    ASSERT_EQ(CUDA_SUCCESS, cuModuleGetFunction(&found, module, "test_scale_f32"));
    int value = 0;
    EXPECT_EQ(CUDA_SUCCESS, cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, found));
    EXPECT_EQ(256, value);
    EXPECT_EQ(CUDA_SUCCESS, cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, found));
    EXPECT_EQ(512, value);
    EXPECT_EQ(CUDA_SUCCESS, cuModuleUnload(module));
    EXPECT_EQ(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&found, module, "test_scale_f32"));
}

TEST_F(Driver, Ptx_IsRefusedWithAReason) {
    CUmodule module;
    char log[256] = {};
    int options[] = {5, 6};
    void* values[] = {log, reinterpret_cast<void*>(sizeof(log))};
    EXPECT_EQ(CUDA_ERROR_INVALID_IMAGE,
              cuModuleLoadDataEx(&module, ptx("7.8", "sm_80", "test_scale_f32", 24).c_str(), 2, options, values));
    EXPECT_STREQ("test_scale_f32 takes 24 bytes of parameters in the image, 32 in the emulator", log);
    EXPECT_EQ(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, ptx("7.8", "sm_80", "unheard_of", 32).c_str()));
    EXPECT_EQ(CUDA_ERROR_INVALID_PTX, cuModuleLoadData(&module, ptx("7.8", "sm_100", "test_scale_f32", 32).c_str()));
    EXPECT_EQ(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cuModuleLoadData(&module, ptx("9.0", "sm_80", "test_scale_f32", 32).c_str()));
    EXPECT_EQ(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, "not an image"));
}

TEST_F(Driver, Launch_ShapeIsChecked) {
    ScaleParams params = scale();
    void* pointers[] = {&params};
    CUfunction kernel = function("test_scale_f32");
    auto launch_as = [&](unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared) {
        return cuLaunchKernel(kernel, x, y, z, threads, 1, 1, shared, nullptr, pointers, nullptr);
    };
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_as(0, 1, 1, 256, 0));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_as(1, 65536, 1, 256, 0));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_as(1, 1, 65536, 256, 0));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_as(1, 1, 1, 1025, 0));
    EXPECT_EQ(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, launch_as(1, 1, 1, 257, 0));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, launch_as(1, 1, 1, 256, 48 * 1024 + 1));
    EXPECT_EQ(CUDA_SUCCESS, cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 * 1024));
    EXPECT_EQ(CUDA_SUCCESS, launch_as(1, 1, 1, 256, 64 * 1024));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1 << 20));
}

TEST_F(Driver, Launch_ParameterBufferIsMeasured) {
    ScaleParams params = scale();
    std::size_t bytes = sizeof(params);
    void* extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &params, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
    CUfunction kernel = function("test_scale_f32");
    EXPECT_EQ(CUDA_SUCCESS, cuLaunchKernel(kernel, 1, 1, 1, 256, 1, 1, 0, nullptr, nullptr, extra));
    EXPECT_EQ((std::vector<float>{2, 4, 6}), download(params.to, 3));
    bytes -= 8;
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(kernel, 1, 1, 1, 256, 1, 1, 0, nullptr, nullptr, extra));
}

TEST_F(Driver, Memory_IsBoundedAndFreedOnce) {
    CUdeviceptr memory;
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(&memory, 0));
    EXPECT_EQ(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&memory, std::size_t{1} << 40));
    std::size_t before, after, total;
    ASSERT_EQ(CUDA_SUCCESS, cuMemGetInfo_v2(&before, &total));
    ASSERT_EQ(CUDA_SUCCESS, cuMemAlloc_v2(&memory, std::size_t{40} << 30));
    ASSERT_EQ(CUDA_SUCCESS, cuMemGetInfo_v2(&after, &total));
    EXPECT_EQ(std::size_t{40} << 30, before - after);
    int value = 5;
    EXPECT_EQ(CUDA_SUCCESS, cuMemcpyHtoD_v2(memory + (std::size_t{40} << 30) - 4, &value, 4));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(memory + (std::size_t{40} << 30) - 3, &value, 4));
    EXPECT_EQ(CUDA_SUCCESS, cuMemFree_v2(memory));
    EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(memory));
}

TEST_F(Driver, Download_OfUnwrittenBytesIsNaN) {
    float* memory = allocate<float>(2);
    ASSERT_EQ(CUDA_SUCCESS, cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(memory), 0, 1, nullptr));
    std::vector<float> values = download(memory, 2);
    EXPECT_EQ(0.0f, values[0]);
    EXPECT_NE(values[1], values[1]);
}

TEST_F(Driver, Graph_ReplaysWithItsOwnParameters) {
    CUstream order = stream();
    ScaleParams params = scale(2);
    ASSERT_EQ(CUDA_SUCCESS, cuStreamBeginCapture_v2(order, 0));
    ASSERT_EQ(CUDA_SUCCESS, launch("test_scale_f32", 1, params, order));
    float* to = params.to;
    params = ScaleParams{};
    CUstreamCaptureStatus status;
    ASSERT_EQ(CUDA_SUCCESS, cuStreamIsCapturing(order, &status));
    EXPECT_EQ(CU_STREAM_CAPTURE_STATUS_ACTIVE, status);
    CUgraph graph;
    CUgraphExec replay;
    ASSERT_EQ(CUDA_SUCCESS, cuStreamEndCapture(order, &graph));
    EXPECT_EQ(0u, rlhf_simt_launches("test_scale_f32"));
    ASSERT_EQ(CUDA_SUCCESS, cuGraphInstantiateWithFlags(&replay, graph, 0));
    ASSERT_EQ(CUDA_SUCCESS, cuGraphDestroy(graph));
    ASSERT_EQ(CUDA_SUCCESS, cuGraphLaunch(replay, order));
    ASSERT_EQ(CUDA_SUCCESS, cuGraphLaunch(replay, order));
    EXPECT_EQ(CUDA_SUCCESS, cuStreamSynchronize(order));
    EXPECT_EQ(2u, rlhf_simt_launches("test_scale_f32"));
    EXPECT_EQ((std::vector<float>{2, 4, 6}), download(to, 3));
    EXPECT_EQ(CUDA_SUCCESS, cuGraphExecDestroy(replay));
    EXPECT_EQ(CUDA_ERROR_INVALID_HANDLE, cuGraphLaunch(replay, order));
    EXPECT_EQ(CUDA_SUCCESS, cuStreamDestroy_v2(order));
}

TEST_F(Driver, Capture_RefusesWhatCannotBeRecorded) {
    CUstream order = stream();
    CUgraph graph;
    CUdeviceptr memory;
    ASSERT_EQ(CUDA_SUCCESS, cuStreamBeginCapture_v2(order, 0));
    EXPECT_EQ(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&memory, 16));
    EXPECT_EQ(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(order, &graph));
    ASSERT_EQ(CUDA_SUCCESS, cuStreamBeginCapture_v2(order, 0));
    EXPECT_EQ(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(order));
    EXPECT_EQ(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(order, &graph));
    EXPECT_EQ(CUDA_SUCCESS, cuMemAlloc_v2(&memory, 16));
    EXPECT_EQ(CUDA_SUCCESS, cuStreamDestroy_v2(order));
}

TEST_F(Driver, Calls_NeedAContext) {
    CUdeviceptr memory;
    ASSERT_EQ(CUDA_SUCCESS, cuCtxSetCurrent(nullptr));
    EXPECT_EQ(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc_v2(&memory, 16));
    CUcontext context;
    ASSERT_EQ(CUDA_SUCCESS, cuDevicePrimaryCtxRetain(&context, 0));
    ASSERT_EQ(CUDA_SUCCESS, cuCtxSetCurrent(context));
}

TEST_F(Driver, Events_MeasureWhatWasRecorded) {
    CUevent start, end;
    ASSERT_EQ(CUDA_SUCCESS, cuEventCreate(&start, 0));
    ASSERT_EQ(CUDA_SUCCESS, cuEventCreate(&end, 0));
    float milliseconds = -1;
    EXPECT_EQ(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, start, end));
    ASSERT_EQ(CUDA_SUCCESS, cuEventRecord(start, nullptr));
    ASSERT_EQ(CUDA_SUCCESS, cuEventRecord(end, nullptr));
    EXPECT_EQ(CUDA_SUCCESS, cuEventElapsedTime(&milliseconds, start, end));
    EXPECT_GE(milliseconds, 0.0f);
    EXPECT_EQ(CUDA_SUCCESS, cuEventDestroy_v2(start));
    EXPECT_EQ(CUDA_SUCCESS, cuEventDestroy_v2(end));
}

TEST_F(Driver, Device_SaysWhatItIs) {
    char name[64];
    ASSERT_EQ(CUDA_SUCCESS, cuDeviceGetName(name, sizeof(name), 0));
    EXPECT_EQ(0, std::strncmp(name, "Rlhf SIMT emulator (sm_", 23));
    int blocks = 0;
    ASSERT_EQ(0, rlhf_simt_set_registers("test_scale_f32", 32));
    ASSERT_EQ(CUDA_SUCCESS, cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function("test_scale_f32"), 256, 0));
    EXPECT_EQ(8, blocks);
    ASSERT_EQ(0, rlhf_simt_set_registers("test_scale_f32", 0));
}

}  // namespace
