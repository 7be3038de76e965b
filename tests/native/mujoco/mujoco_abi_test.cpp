// The C border of librlhf_mujoco: handles, statuses, error texts, and that MuJoCo's errors end a simulation and
// nothing else. The robots are tested from C#.
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "mujoco/rlhf_mujoco.h"

namespace {

// The compiler takes a step itself: what is to fail later falls first, for which 100 numbers of working memory do.
constexpr int kTooSmall = 100, kLarge = 10000;
constexpr int kUntilContact = 200;

std::string ball(int nstack) {
    const char* height = nstack < kLarge ? "0.3" : "0.05";
    return "<mujoco>\n<size njmax='20' nconmax='5' nstack='" + std::to_string(nstack) +
           "'/>\n<worldbody><geom type='plane' size='1 1 1'/>"
           "<body pos='0 0 " + std::string(height) + "'><freejoint/><geom name='ball' size='0.1'/></body></worldbody></mujoco>";
}

rlhf_mujoco_model* compile(const std::string& xml) {
    rlhf_mujoco_model* model = nullptr;
    EXPECT_EQ(rlhf_mujoco_model_create("ball.xml", xml.data(), static_cast<int64_t>(xml.size()), &model), 0)
        << rlhf_mujoco_last_error();
    return model;
}

rlhf_mujoco_simulation* simulate(rlhf_mujoco_model* model) {
    rlhf_mujoco_simulation* simulation = nullptr;
    EXPECT_EQ(rlhf_mujoco_simulation_create(model, &simulation), 0) << rlhf_mujoco_last_error();
    return simulation;
}

// MuJoCo's own handlers would have written it into the working directory.
bool log_exists() {
    std::FILE* file = std::fopen("MUJOCO_LOG.TXT", "r");
    if (file != nullptr) std::fclose(file);
    return file != nullptr;
}

TEST(MujocoAbiVersion, MatchesTheHeader) { EXPECT_EQ(rlhf_mujoco_abi_version(), RLHF_MUJOCO_ABI_VERSION); }

TEST(MujocoAbiFree, ClearsTheHandle_AndTheModelOutlivesItsOwnHandle) {
    rlhf_mujoco_model* model = compile(ball(kLarge));
    rlhf_mujoco_simulation* simulation = simulate(model);
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
    EXPECT_EQ(model, nullptr);
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
    EXPECT_EQ(rlhf_mujoco_simulation_step(simulation, 5), 0) << rlhf_mujoco_last_error();
    EXPECT_EQ(rlhf_mujoco_simulation_free(&simulation), 0);
    EXPECT_EQ(rlhf_mujoco_simulation_free(&simulation), 0);
}

TEST(MujocoAbiErrors, NameWhatIsNull) {
    rlhf_mujoco_model* model = nullptr;
    EXPECT_EQ(rlhf_mujoco_model_create("x", nullptr, 3, &model), 1);
    EXPECT_STREQ(rlhf_mujoco_last_error(), "xml is null");
    EXPECT_EQ(rlhf_mujoco_simulation_step(nullptr, 1), 1);
    EXPECT_STREQ(rlhf_mujoco_last_error(), "simulation is null");
}

TEST(MujocoAbiErrors, CarryFileAndLine_WhenTheModelIsBroken) {
    const std::string xml = "<mujoco>\n<worldbody>\n<boddy/>\n</worldbody></mujoco>";
    rlhf_mujoco_model* model = nullptr;
    EXPECT_EQ(rlhf_mujoco_model_create("my.xml", xml.data(), static_cast<int64_t>(xml.size()), &model), 1);
    const std::string text = rlhf_mujoco_last_error();
    EXPECT_EQ(text.rfind("my.xml: ", 0), 0u) << text;
    EXPECT_NE(text.find("line 3"), std::string::npos) << text;
    EXPECT_EQ(model, nullptr);
}

TEST(MujocoAbiStep, EndsTheSimulationOnly_WhenMujocoRaisesAnError) {
    rlhf_mujoco_model* model = compile(ball(kTooSmall));
    rlhf_mujoco_simulation* simulation = simulate(model);
    EXPECT_EQ(rlhf_mujoco_simulation_step(simulation, kUntilContact), 3);
    EXPECT_NE(std::string(rlhf_mujoco_last_error()).find("Stack overflow"), std::string::npos) << rlhf_mujoco_last_error();
    EXPECT_EQ(rlhf_mujoco_simulation_reset(simulation), 1);
    rlhf_mujoco_simulation_view view;
    ASSERT_EQ(rlhf_mujoco_simulation_view_get(simulation, &view), 0);
    EXPECT_LT(view.qpos[2], 0.15) << "its memory stays until it is freed";
    EXPECT_EQ(rlhf_mujoco_simulation_free(&simulation), 0);
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
    EXPECT_FALSE(log_exists());
}

TEST(MujocoAbiStep, UnwindsOnTheThreadThatRaised) {
    rlhf_mujoco_model* model = compile(ball(kTooSmall));
    std::vector<std::thread> threads;
    std::vector<int> refused(4), said(4);
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&, t] {
            for (int k = 0; k < 50; k++) {
                rlhf_mujoco_simulation* simulation = nullptr;
                rlhf_mujoco_simulation_create(model, &simulation);
                refused[t] += rlhf_mujoco_simulation_step(simulation, kUntilContact) == 3;
                said[t] += std::string(rlhf_mujoco_last_error()).find("Stack overflow") != std::string::npos;
                rlhf_mujoco_simulation_free(&simulation);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(refused, std::vector<int>(4, 50));
    EXPECT_EQ(said, std::vector<int>(4, 50));
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
}

TEST(MujocoAbiStep, TellsOfDivergenceAndCountsIt) {
    rlhf_mujoco_model* model = compile(ball(kLarge));
    rlhf_mujoco_simulation* simulation = simulate(model);
    rlhf_mujoco_simulation_view view;
    ASSERT_EQ(rlhf_mujoco_simulation_view_get(simulation, &view), 0);
    view.qvel[1] = 1e12;
    EXPECT_EQ(rlhf_mujoco_simulation_step(simulation, 4), RLHF_MUJOCO_DIVERGED);
    EXPECT_NE(std::string(rlhf_mujoco_last_error()).find("QVEL"), std::string::npos) << rlhf_mujoco_last_error();
    rlhf_mujoco_usage usage;
    ASSERT_EQ(rlhf_mujoco_simulation_usage(simulation, &usage), 0);
    int64_t warnings = 0;
    for (const int64_t count : usage.warnings) warnings += count;
    EXPECT_EQ(warnings, 1);
    EXPECT_EQ(rlhf_mujoco_simulation_step(simulation, 4), 0) << "the reset state goes on";
    EXPECT_EQ(rlhf_mujoco_simulation_free(&simulation), 0);
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
    EXPECT_FALSE(log_exists());
}

TEST(MujocoAbiStep, GivesTheBitsOfMjStepAlone) {
    // A quaternion drifts from length 1 until it is normalised: it must not be, between steps, by whoever looks.
    rlhf_mujoco_model* model = compile(ball(kLarge));
    rlhf_mujoco_simulation *ours = simulate(model), *alone = simulate(model);
    rlhf_mujoco_simulation_view view;
    const void* raw_model = nullptr;
    void* raw_data = nullptr;
    ASSERT_EQ(rlhf_mujoco_simulation_view_get(ours, &view), 0);
    ASSERT_EQ(rlhf_mujoco_simulation_raw(alone, &raw_model, &raw_data), 0);
    auto* data = static_cast<mjData*>(raw_data);
    for (int axis = 3; axis < 6; axis++) view.qvel[axis] = data->qvel[axis] = 7.3 + axis;
    for (int step = 0; step < 300; step++) {
        ASSERT_EQ(rlhf_mujoco_simulation_step(ours, 2), 0) << rlhf_mujoco_last_error();
        mj_step(static_cast<const mjModel*>(raw_model), data);
        mj_step(static_cast<const mjModel*>(raw_model), data);
        for (int i = 0; i < 7; i++) ASSERT_EQ(view.qpos[i], data->qpos[i]) << "step " << step << ", position " << i;
    }
    EXPECT_EQ(rlhf_mujoco_simulation_free(&ours), 0);
    EXPECT_EQ(rlhf_mujoco_simulation_free(&alone), 0);
    EXPECT_EQ(rlhf_mujoco_model_free(&model), 0);
}

}  // namespace
