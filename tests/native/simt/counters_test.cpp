// What is counted, on kernels whose counts can be worked out by hand.
#include "test_device.h"

namespace {

struct WalkParams {
    const float* from;
    float* to;
    int count, stride;
};

class Counters : public Device {
  protected:
    rlhf_simt_counters_t walk(unsigned blocks, int count, int stride, int level = RLHF_SIMT_RECORD_ACCESSES) {
        rlhf_simt_record(level);
        std::vector<float> values(static_cast<std::size_t>(blocks) * static_cast<std::size_t>(count) * static_cast<std::size_t>(stride));
        WalkParams params{upload(values), allocate<float>(blocks * 32), count, stride};
        EXPECT_EQ(CUDA_SUCCESS, launch("test_walk_f32", blocks, params));
        return read("test_walk_f32");
    }
    rlhf_simt_counters_t read(const char* name) {
        EXPECT_EQ(CUDA_SUCCESS, cuCtxSynchronize()) << rlhf_simt_last_fault();
        rlhf_simt_counters_t counters{};
        EXPECT_EQ(0, rlhf_simt_counters(name, &counters));
        return counters;
    }
};

TEST_F(Counters, Contiguous_FourSectorsARequest) {
    rlhf_simt_counters_t counters = walk(3, 64, 1);
    EXPECT_EQ(1u, counters.launches);
    EXPECT_EQ(3u, counters.blocks);
    EXPECT_EQ(96u, counters.threads);
    EXPECT_EQ(3u * 2 * 64 * 4, counters.read_bytes);
    EXPECT_EQ(3u * 2 * 2, counters.read_requests);
    EXPECT_EQ(4 * counters.read_requests, counters.read_sectors);
    EXPECT_EQ(3u * 32 * 4, counters.write_bytes);
    EXPECT_EQ(3u * 4, counters.write_sectors);
    EXPECT_EQ(4u, counters.widest_read);
}

TEST_F(Counters, Strided_ASectorALane) {
    rlhf_simt_counters_t counters = walk(1, 32, 8);
    EXPECT_EQ(32u * counters.read_requests, counters.read_sectors);
}

TEST_F(Counters, PartOfAWarp_IsOneRequest) {
    rlhf_simt_counters_t counters = walk(1, 40, 1);
    EXPECT_EQ(4u, counters.read_requests);
    EXPECT_EQ(2u * (4 + 1), counters.read_sectors);
}

TEST_F(Counters, SecondRead_HitsL2) {
    rlhf_simt_counters_t counters = walk(4, 1024, 1, RLHF_SIMT_RECORD_TRAFFIC);
    EXPECT_EQ(2u * 4 * 4096, counters.read_sectors * 32);
    EXPECT_EQ(4u * 4096, counters.compulsory_read);
    EXPECT_EQ(counters.compulsory_read, counters.dram_read);
    EXPECT_EQ(4u * 128, counters.dram_write);
}

TEST_F(Counters, SecondRead_OfMoreThanL2GoesToDram) {
    // 640 blocks at a time with 32 sectors' lines each of 128 bytes apart: 80 MB of lines pass between the two passes.
    rlhf_simt_counters_t counters = walk(640, 1024, 32, RLHF_SIMT_RECORD_TRAFFIC);
    EXPECT_EQ(2 * counters.compulsory_read, counters.dram_read);
}

TEST_F(Counters, Banks_ConflictByStride) {
    for (auto [stride, conflicts] : {std::pair<int, std::uint64_t>{1, 0}, {2, 2 * 1}, {32, 2 * 31}, {33, 0}}) {
        rlhf_simt_reset_counters();
        rlhf_simt_record(RLHF_SIMT_RECORD_ACCESSES);
        WalkParams params{nullptr, allocate<float>(32), 0, stride};
        ASSERT_EQ(CUDA_SUCCESS, launch("test_banks_f32", 1, params, nullptr, 8192));
        rlhf_simt_counters_t counters = read("test_banks_f32");
        EXPECT_EQ(2u, counters.shared_requests);
        EXPECT_EQ(conflicts, counters.bank_conflicts) << stride;
    }
}

TEST_F(Counters, Entries_AreListed) {
    bool found = false;
    for (int i = 0; i < rlhf_simt_entries(); i++) {
        found |= std::string(rlhf_simt_entry(i)) == "test_walk_f32";
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(nullptr, rlhf_simt_entry(rlhf_simt_entries()));
    rlhf_simt_counters_t counters;
    EXPECT_EQ(1, rlhf_simt_counters("no_such_kernel", &counters));
}

}  // namespace
