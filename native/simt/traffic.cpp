#include "traffic.h"

namespace rlhf_simt {
namespace {
constexpr std::uint64_t kSector = 32, kSectorsPerLine = 4, kLine = kSector * kSectorsPerLine;
}

CacheModel::CacheModel(std::int64_t bytes) : capacity_(static_cast<std::size_t>(bytes) / kLine) {
    index_.reserve(capacity_);
    lines_.reserve(capacity_);
}

void CacheModel::unlink(int at) {
    Line& line = lines_[static_cast<std::size_t>(at)];
    (line.newer >= 0 ? lines_[static_cast<std::size_t>(line.newer)].older : newest_) = line.older;
    (line.older >= 0 ? lines_[static_cast<std::size_t>(line.older)].newer : oldest_) = line.newer;
}

void CacheModel::link_newest(int at) {
    Line& line = lines_[static_cast<std::size_t>(at)];
    line.newer = -1;
    line.older = newest_;
    (newest_ >= 0 ? lines_[static_cast<std::size_t>(newest_)].newer : oldest_) = at;
    newest_ = at;
}

void CacheModel::link_oldest(int at) {
    Line& line = lines_[static_cast<std::size_t>(at)];
    line.older = -1;
    line.newer = oldest_;
    (oldest_ >= 0 ? lines_[static_cast<std::size_t>(oldest_)].older : newest_) = at;
    oldest_ = at;
}

void CacheModel::write_back(Line& line) {
    written_ += static_cast<std::uint64_t>(__builtin_popcount(line.dirty)) * kSector;
    line.dirty = 0;
}

int CacheModel::find_or_take(std::uint64_t tag) {
    auto found = index_.find(tag);
    if (found != index_.end()) {
        unlink(found->second);
        return found->second;
    }
    int at;
    if (lines_.size() < capacity_) {
        at = static_cast<int>(lines_.size());
        lines_.push_back(Line{});
    } else {
        at = oldest_;
        unlink(at);
        write_back(lines_[static_cast<std::size_t>(at)]);
        index_.erase(lines_[static_cast<std::size_t>(at)].tag);
    }
    lines_[static_cast<std::size_t>(at)] = Line{tag, -1, -1, 0, 0, false};
    index_[tag] = at;
    return at;
}

void CacheModel::touch(const Touch& touch) {
    int at = find_or_take(touch.sector / kSectorsPerLine);
    Line& line = lines_[static_cast<std::size_t>(at)];
    auto bit = static_cast<unsigned char>(1u << touch.sector % kSectorsPerLine);
    if (touch.write) {
        line.dirty |= bit;
    } else if ((line.valid & bit) == 0) {
        read_ += kSector;
    }
    line.valid |= bit;
    // Out first only once the whole line was used: its other sectors are about to be.
    if (touch.last && line.valid == 0xF) {
        link_oldest(at);
    } else {
        link_newest(at);
    }
}

void CacheModel::flush() {
    for (Line& line : lines_) {
        write_back(line);
    }
}

}  // namespace rlhf_simt
