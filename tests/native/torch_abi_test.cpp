// The C border of librlhf_torch: handles, statuses, error texts. The arithmetic is tested from C# against
// fixtures.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "torch/rlhf_torch.h"

namespace {

rlhf_torch_spec small_spec() {
    rlhf_torch_spec spec{};
    spec.vocab_size = 11, spec.hidden_size = 12, spec.layers = 2, spec.heads = 3, spec.kv_heads = 3,
    spec.head_dim = 4;
    spec.intermediate_size = 20, spec.max_positions = 40;
    spec.weight_layout = RLHF_WEIGHT_IN_OUT;
    spec.qkv_bias = spec.out_bias = spec.mlp_bias = 1;
    spec.head = RLHF_HEAD_TIED;
    spec.norm_epsilon = 1e-5f, spec.attention_scale = 0.5f;
    return spec;
}

class TorchAbi : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(rlhf_torch_set_threads(2), 0);
        const rlhf_torch_spec spec = small_spec();
        ASSERT_EQ(rlhf_torch_model_create(&spec, &model_), 0) << rlhf_torch_last_error();
        int32_t count = 0;
        ASSERT_EQ(rlhf_torch_model_size(model_, &count, &elements_), 0);
        float* weights = nullptr;
        ASSERT_EQ(rlhf_torch_model_weights(model_, &weights), 0);
        for (int64_t i = 0; i < elements_; i++) weights[i] = 0.2f * std::sin(0.7f * static_cast<float>(i));
    }
    void TearDown() override { EXPECT_EQ(rlhf_torch_model_free(&model_), 0); }

    rlhf_torch_model* model_ = nullptr;
    int64_t elements_ = 0;
};

TEST(TorchAbiVersion, MatchesTheHeader) { EXPECT_EQ(rlhf_torch_abi_version(), RLHF_TORCH_ABI_VERSION); }

TEST(TorchAbiFree, ClearsTheHandle_SoThatASecondFreeDoesNothing) {
    const rlhf_torch_spec spec = small_spec();
    rlhf_torch_model* model = nullptr;
    ASSERT_EQ(rlhf_torch_model_create(&spec, &model), 0);
    rlhf_torch_decoder* decoder = nullptr;
    ASSERT_EQ(rlhf_torch_decoder_create(model, 1, 4, &decoder), 0);
    EXPECT_EQ(rlhf_torch_model_free(&model), 0);
    EXPECT_EQ(model, nullptr);
    EXPECT_EQ(rlhf_torch_model_free(&model), 0);
    EXPECT_EQ(rlhf_torch_decoder_free(&decoder), 0);
    EXPECT_EQ(rlhf_torch_decoder_free(&decoder), 0);
}

TEST(TorchAbiErrors, NameWhatIsNull) {
    rlhf_torch_model* model = nullptr;
    EXPECT_NE(rlhf_torch_model_create(nullptr, &model), 0);
    EXPECT_STREQ(rlhf_torch_last_error(), "spec is null");
    EXPECT_NE(rlhf_torch_model_trim(nullptr), 0);
    EXPECT_STREQ(rlhf_torch_last_error(), "model is null");
    EXPECT_NE(rlhf_torch_model_free(nullptr), 0);
    EXPECT_NE(rlhf_torch_decoder_step(nullptr, nullptr, 0, nullptr), 0);
}

TEST(TorchAbiErrors, NameABadDescription) {
    rlhf_torch_spec spec = small_spec();
    spec.kv_heads = 2;
    rlhf_torch_model* model = nullptr;
    EXPECT_NE(rlhf_torch_model_create(&spec, &model), 0);
    EXPECT_EQ(model, nullptr);
    EXPECT_STREQ(rlhf_torch_last_error(), "model description: 3 heads cannot share 2 key/value heads");
}

TEST_F(TorchAbi, ListsParametersWithoutGaps) {
    int32_t count = 0;
    int64_t elements = 0, expected = 0;
    ASSERT_EQ(rlhf_torch_model_size(model_, &count, &elements), 0);
    for (int32_t i = 0; i < count; i++) {
        rlhf_torch_parameter parameter{};
        ASSERT_EQ(rlhf_torch_model_parameter(model_, i, &parameter), 0);
        EXPECT_EQ(parameter.offset, expected) << parameter.name;
        expected += parameter.rows * parameter.cols;
    }
    EXPECT_EQ(expected, elements);
    rlhf_torch_parameter parameter{};
    EXPECT_NE(rlhf_torch_model_parameter(model_, count, &parameter), 0);
}

TEST_F(TorchAbi, BadTokenLeavesAMessage_AndTheModelUsable) {
    std::vector<int32_t> ids = {1, 2, 11};
    const rlhf_torch_batch batch{1, 3, ids.data(), nullptr, nullptr};
    float* hidden = nullptr;
    EXPECT_NE(rlhf_torch_model_forward(model_, &batch, nullptr, 0, 1, &hidden), 0);
    EXPECT_STREQ(rlhf_torch_last_error(), "token id 11 at [0, 2] is outside the vocabulary of 11");
    std::vector<float> grad(3 * 12, 1.0f);
    EXPECT_NE(rlhf_torch_model_backward(model_, grad.data()), 0);
    ids[2] = 10;
    EXPECT_EQ(rlhf_torch_model_forward(model_, &batch, nullptr, 0, 1, &hidden), 0);
    EXPECT_EQ(rlhf_torch_model_backward(model_, grad.data()), 0);
}

TEST_F(TorchAbi, PaddedSelectedForwardAndBackward_StayInBounds) {
    // Odd sizes on purpose: under the sanitizers this walks every tail of the row and attention loops.
    std::vector<int32_t> ids(3 * 37);
    std::vector<uint8_t> mask(3 * 37, 1);
    for (size_t i = 0; i < ids.size(); i++) ids[i] = static_cast<int32_t>(i % 11);
    for (int i = 0; i < 9; i++) mask[i] = 0;
    for (int i = 37; i < 2 * 37; i++) mask[i] = 0;
    const rlhf_torch_batch batch{3, 37, ids.data(), mask.data(), nullptr};
    const std::vector<int32_t> rows = {110, 0, 40, 9, 9};
    float *hidden = nullptr, *gradients = nullptr;
    ASSERT_EQ(rlhf_torch_model_forward(model_, &batch, rows.data(), 5, 1, &hidden), 0)
        << rlhf_torch_last_error();
    for (int h = 0; h < 12; h++) {
        EXPECT_EQ(hidden[12 + h], 0.0f);
        EXPECT_EQ(hidden[24 + h], 0.0f);
        EXPECT_EQ(hidden[36 + h], hidden[48 + h]);
        EXPECT_TRUE(std::isfinite(hidden[h]));
    }
    const std::vector<float> grad(5 * 12, 0.5f);
    ASSERT_EQ(rlhf_torch_model_backward(model_, grad.data()), 0);
    ASSERT_EQ(rlhf_torch_model_gradients(model_, &gradients), 0);
    double sum = 0;
    for (int64_t i = 0; i < elements_; i++) sum += std::fabs(gradients[i]);
    EXPECT_TRUE(std::isfinite(sum) && sum > 0);
}

TEST_F(TorchAbi, DecoderRunsToItsCapacity_WithSequencesLeaving) {
    rlhf_torch_decoder* decoder = nullptr;
    ASSERT_EQ(rlhf_torch_decoder_create(model_, 3, 21, &decoder), 0);
    const std::vector<int32_t> ids = {1, 2, 3, 4, 5, 6};
    const rlhf_torch_batch prompts{3, 2, ids.data(), nullptr, nullptr};
    float* logits = nullptr;
    ASSERT_EQ(rlhf_torch_decoder_prefill(decoder, &prompts, &logits), 0);
    const std::vector<int32_t> kept = {2, 0}, tokens = {7, 8};
    ASSERT_EQ(rlhf_torch_decoder_keep(decoder, kept.data(), 2), 0);
    for (int step = 2; step < 21; step++) {
        ASSERT_EQ(rlhf_torch_decoder_step(decoder, tokens.data(), 2, &logits), 0) << rlhf_torch_last_error();
        for (int i = 0; i < 22; i++) ASSERT_TRUE(std::isfinite(logits[i]));
    }
    EXPECT_NE(rlhf_torch_decoder_step(decoder, tokens.data(), 2, &logits), 0);
    EXPECT_NE(std::strstr(rlhf_torch_last_error(), "has filled the cache of 21 tokens"), nullptr);
    EXPECT_EQ(rlhf_torch_decoder_free(&decoder), 0);
}

TEST_F(TorchAbi, DescribesItselfInOneLine_CutToTheCapacity) {
    char text[256], tiny[4];
    ASSERT_EQ(rlhf_torch_describe(text, sizeof text), 0);
    EXPECT_EQ(std::string(text).find("libtorch "), 0u);
    ASSERT_EQ(rlhf_torch_describe(tiny, sizeof tiny), 0);
    EXPECT_STREQ(tiny, "lib");
}

}  // namespace
