// A model of L2 in front of DRAM: lines of 128 bytes with four sectors, least recently used out first, lines whose last use was said
// to be the last before all others. Reads fetch sectors; writes stay until their line leaves.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace rlhf_simt {

struct Touch {
    std::uint64_t sector;  // address / 32
    bool write, last;
};

class CacheModel {
  public:
    explicit CacheModel(std::int64_t bytes);

    void touch(const Touch& touch);
    void flush();
    std::uint64_t read_bytes() const { return read_; }
    std::uint64_t written_bytes() const { return written_; }

  private:
    struct Line {
        std::uint64_t tag;
        int newer, older;
        unsigned char valid, dirty;
        bool last;
    };

    int find_or_take(std::uint64_t tag);
    void unlink(int line);
    void link_newest(int line);
    void link_oldest(int line);
    void write_back(Line& line);

    std::unordered_map<std::uint64_t, int> index_;
    std::vector<Line> lines_;
    std::size_t capacity_;
    int newest_ = -1, oldest_ = -1;
    std::uint64_t read_ = 0, written_ = 0;
};

}  // namespace rlhf_simt
