#include "record.h"

#include "engine.h"

namespace rlhf_simt {
namespace {
int level = RLHF_SIMT_RECORD_OFF;
}

int record_level() {
    return level;
}
void begin_recording(const Launch&) {}
void record_block(const Launch&, Block&) {}
void end_recording(const Launch&) {}

}  // namespace rlhf_simt

extern "C" RLHF_SIMT_EXPORT void rlhf_simt_record(int wanted) {
    rlhf_simt::level = wanted;
    int others = rlhf_simt_memory.watch & ~rlhf_simt::kWatchRecord;
    rlhf_simt_memory.watch = others | (wanted != RLHF_SIMT_RECORD_OFF ? rlhf_simt::kWatchRecord : 0);
}
