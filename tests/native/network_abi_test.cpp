// The C border of small networks: handles, statuses, error texts. The arithmetic is tested from C#.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "torch/rlhf_network.h"
#include "torch/rlhf_torch.h"

namespace {

std::vector<rlhf_network_layer> small_layers() {
    return {{RLHF_LAYER_CONV, 3, 3, 1, 0},    {RLHF_LAYER_BATCH_NORM, 0, 0, 0, 1e-5f},
            {RLHF_LAYER_TANH, 0, 0, 0, 0},    {RLHF_LAYER_DROPOUT, 0, 0, 0, 0.5f},
            {RLHF_LAYER_FLATTEN, 0, 0, 0, 0}, {RLHF_LAYER_LINEAR, 2, 0, 0, 0}};
}

class NetworkAbi : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(rlhf_torch_set_threads(2), 0);
        const rlhf_network_spec spec = {
            2, 3, {2, 5, 4}, static_cast<int32_t>(layers_.size()), layers_.data()};
        ASSERT_EQ(rlhf_network_create(&spec, &network_), 0) << rlhf_torch_last_error();
        ASSERT_EQ(rlhf_network_sizes(network_, &size_), 0);
    }
    void TearDown() override { EXPECT_EQ(rlhf_network_free(&network_), 0); }

    std::vector<rlhf_network_layer> layers_ = small_layers();
    rlhf_network* network_ = nullptr;
    rlhf_network_size size_{};
};

TEST_F(NetworkAbi, SizesAndTensors_CoverTheFlatMemory) {
    EXPECT_EQ(size_.inputs, 40);
    EXPECT_EQ(size_.outputs, 2);
    int64_t end = 0;
    for (int32_t i = 0; i < size_.parameters; i++) {
        rlhf_network_tensor tensor{};
        ASSERT_EQ(rlhf_network_parameter(network_, i, &tensor), 0);
        EXPECT_EQ(tensor.offset, end) << tensor.name;
        int64_t count = 1;
        for (int32_t k = 0; k < tensor.rank; k++) count *= tensor.shape[k];
        end += count;
    }
    EXPECT_EQ(end, size_.weights_per_member);
    EXPECT_EQ(size_.buffers_per_member, 6);
}

TEST_F(NetworkAbi, EveryMode_RunsForwardBackwardAndProduct) {
    float *weights = nullptr, *output = nullptr, *product = nullptr;
    ASSERT_EQ(rlhf_network_weights(network_, &weights), 0);
    for (int64_t i = 0; i < 2 * size_.weights_per_member; i++)
        weights[i] = 0.01f * static_cast<float>(i % 17);
    const std::vector<float> input(3 * 40, 0.5f), grad(2 * 3 * 2, 1.0f);
    for (int32_t mode = RLHF_FORWARD_INFERENCE; mode <= RLHF_FORWARD_TRAINING; mode++) {
        ASSERT_EQ(rlhf_network_forward(network_, input.data(), 3, 0, mode, &output), 0)
            << rlhf_torch_last_error();
        if (mode == RLHF_FORWARD_INFERENCE) continue;
        for (int repeat = 0; repeat < 2; repeat++) {
            EXPECT_EQ(rlhf_network_backward(network_, grad.data()), 0) << rlhf_torch_last_error();
            EXPECT_EQ(rlhf_network_jacobian_product(network_, weights, &product), 0)
                << rlhf_torch_last_error();
        }
    }
}

TEST_F(NetworkAbi, Errors_NameWhatIsWrong) {
    float* output = nullptr;
    const std::vector<float> grad(4, 1.0f);
    EXPECT_EQ(rlhf_network_backward(network_, grad.data()), 1);
    EXPECT_STREQ(rlhf_torch_last_error(), "backward needs a forward that is kept before it");
    EXPECT_EQ(rlhf_network_forward(network_, nullptr, 1, 0, RLHF_FORWARD_INFERENCE, &output), 1);
    EXPECT_STREQ(rlhf_torch_last_error(), "input is null");
    EXPECT_EQ(rlhf_network_forward(network_, grad.data(), 0, 0, RLHF_FORWARD_INFERENCE, &output), 1);
    EXPECT_STREQ(rlhf_torch_last_error(), "forward of 0 rows, expected at least 1");
    EXPECT_EQ(rlhf_network_forward(network_, grad.data(), 1, 0, 7, &output), 1);
    EXPECT_STREQ(rlhf_torch_last_error(), "forward mode 7 does not exist");
    rlhf_network_tensor tensor{};
    EXPECT_EQ(rlhf_network_parameter(network_, 99, &tensor), 1);
    EXPECT_NE(std::string(rlhf_torch_last_error()).find("tensor 99 of"), std::string::npos);
}

TEST_F(NetworkAbi, Free_ClearsTheHandle) {
    EXPECT_EQ(rlhf_network_free(&network_), 0);
    EXPECT_EQ(network_, nullptr);
    EXPECT_EQ(rlhf_network_free(&network_), 0);
    const rlhf_network_layer unknown = {42, 0, 0, 0, 0};
    const rlhf_network_spec spec = {1, 1, {5, 0, 0}, 1, &unknown};
    EXPECT_EQ(rlhf_network_create(&spec, &network_), 1);
    EXPECT_STREQ(rlhf_torch_last_error(), "layer 0 (unknown): kind 42 does not exist");
    EXPECT_EQ(network_, nullptr);
}

}  // namespace
