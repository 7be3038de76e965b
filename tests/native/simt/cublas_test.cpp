// The stand-in cuBLAS: products, types, checks and capture.
#include "test_device.h"

struct CublasHandle;
extern "C" {
int cublasCreate_v2(CublasHandle** handle);
int cublasDestroy_v2(CublasHandle* handle);
int cublasSetStream_v2(CublasHandle* handle, void* stream);
int cublasSgemm_v2(CublasHandle* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, const float* a, int lda,
                   const float* b, int ldb, const float* beta, float* c, int ldc);
int cublasGemmEx(CublasHandle* handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha, const void* a, int a_type,
                 int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc, int compute, int algorithm);
}

namespace {

constexpr int kBf16 = 14, kCompute32 = 68;
const float kOne = 1, kZero = 0;

class Cublas : public Device {
  protected:
    void SetUp() override {
        Device::SetUp();
        ASSERT_EQ(0, cublasCreate_v2(&handle_));
    }
    void TearDown() override {
        cublasDestroy_v2(handle_);
        Device::TearDown();
    }
    CublasHandle* handle_ = nullptr;
};

TEST_F(Cublas, Sgemm_IsColumnMajor) {
    // A = [1 3; 2 4] as stored by columns; with A transposed, rows and columns change places.
    float *a = upload(std::vector<float>{1, 2, 3, 4}), *b = upload(std::vector<float>{1, 0, 1, 1}), *c = allocate<float>(4);
    ASSERT_EQ(0, cublasSgemm_v2(handle_, 0, 0, 2, 2, 2, &kOne, a, 2, b, 2, &kZero, c, 2));
    EXPECT_EQ((std::vector<float>{1, 2, 4, 6}), download(c, 4));
    ASSERT_EQ(0, cublasSgemm_v2(handle_, 1, 0, 2, 2, 2, &kOne, a, 2, b, 2, &kOne, c, 2));
    EXPECT_EQ((std::vector<float>{2, 5, 7, 13}), download(c, 4));
}

TEST_F(Cublas, GemmEx_Bf16IntoF32) {
    std::vector<unsigned short> ones(6, 0x3F80), twos(6, 0x4000);
    unsigned short *a = upload(ones), *b = upload(twos);
    float* c = allocate<float>(4);
    ASSERT_EQ(0, cublasGemmEx(handle_, 0, 0, 2, 2, 3, &kOne, a, kBf16, 2, b, kBf16, 3, &kZero, c, 0, 2, kCompute32, -1));
    EXPECT_EQ(std::vector<float>(4, 6.0f), download(c, 4));
    EXPECT_EQ(15, cublasGemmEx(handle_, 0, 0, 2, 2, 3, &kOne, a, kBf16, 2, c, 0, 3, &kZero, c, 0, 2, kCompute32, -1));
    EXPECT_EQ(7, cublasGemmEx(handle_, 0, 0, 2, 2, 3, &kOne, a, kBf16, 1, b, kBf16, 3, &kZero, c, 0, 2, kCompute32, -1));
}

TEST_F(Cublas, Operands_AreChecked) {
    float *a = upload(std::vector<float>(4)), *c = allocate<float>(4);
    cublasSgemm_v2(handle_, 0, 0, 2, 2, 3, &kOne, a, 2, a, 3, &kZero, c, 2);
    expect_fault(CUDA_ERROR_ILLEGAL_ADDRESS, {"gemm, operand A reads row 2 of 3"});
    cublasSgemm_v2(handle_, 0, 0, 2, 2, 2, &kOne, a, 2, a, 2, &kOne, c, 2);
    expect_fault(CUDA_ERROR_LAUNCH_FAILED, {"operand C reads row 0 of 2, which was never written"});
}

TEST_F(Cublas, Capture_RecordsTheProduct) {
    CUstream stream;
    CUgraph graph;
    CUgraphExec replay;
    float *a = upload(std::vector<float>{3}), *c = allocate<float>(1);
    ASSERT_EQ(CUDA_SUCCESS, cuStreamCreate(&stream, 1));
    ASSERT_EQ(0, cublasSetStream_v2(handle_, stream));
    ASSERT_EQ(CUDA_SUCCESS, cuStreamBeginCapture_v2(stream, 0));
    ASSERT_EQ(0, cublasSgemm_v2(handle_, 0, 0, 1, 1, 1, &kOne, a, 1, a, 1, &kZero, c, 1));
    ASSERT_EQ(CUDA_SUCCESS, cuStreamEndCapture(stream, &graph));
    EXPECT_NE(9.0f, download(c, 1)[0]);
    ASSERT_EQ(CUDA_SUCCESS, cuGraphInstantiateWithFlags(&replay, graph, 0));
    ASSERT_EQ(CUDA_SUCCESS, cuGraphLaunch(replay, stream));
    EXPECT_EQ(9.0f, download(c, 1)[0]);
    cuGraphExecDestroy(replay);
    cuGraphDestroy(graph);
    cuStreamDestroy_v2(stream);
}

}  // namespace
