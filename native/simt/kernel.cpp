#include "kernel.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

namespace rlhf_simt {
namespace {

struct Table {
    std::map<std::string, std::unique_ptr<Kernel>> by_name;
    std::vector<Kernel*> all;
};

// Built before main by the entries' constructors, hence a function's static.
Table& table() {
    static Table instance;
    return instance;
}

}  // namespace

Kernel* find_kernel(const std::string& name) {
    auto found = table().by_name.find(name);
    return found == table().by_name.end() ? nullptr : found->second.get();
}

const std::vector<Kernel*>& kernels() {
    return table().all;
}

}  // namespace rlhf_simt

using rlhf_simt::find_kernel;
using rlhf_simt::Kernel;

void rlhf_simt_register(const rlhf_simt::Entry* entry) {
    auto& slot = rlhf_simt::table().by_name[entry->name];
    if (slot != nullptr) {
        std::fprintf(stderr, "rlhf_simt: two kernels are called %s\n", entry->name);
        std::abort();
    }
    slot = std::make_unique<Kernel>(*entry);
    rlhf_simt::table().all.push_back(slot.get());
}

extern "C" {

RLHF_SIMT_EXPORT int rlhf_simt_entries(void) {
    return static_cast<int>(rlhf_simt::kernels().size());
}

RLHF_SIMT_EXPORT const char* rlhf_simt_entry(int index) {
    bool known = index >= 0 && index < rlhf_simt_entries();
    return known ? rlhf_simt::kernels()[static_cast<std::size_t>(index)]->entry.name : nullptr;
}

RLHF_SIMT_EXPORT int rlhf_simt_counters(const char* entry, rlhf_simt_counters_t* counters) {
    Kernel* kernel = find_kernel(entry);
    if (kernel == nullptr) {
        return 1;
    }
    std::lock_guard<std::mutex> lock(kernel->counting);
    *counters = kernel->counters;
    return 0;
}

RLHF_SIMT_EXPORT uint64_t rlhf_simt_launches(const char* entry) {
    rlhf_simt_counters_t counters{};
    rlhf_simt_counters(entry, &counters);
    return counters.launches;
}

RLHF_SIMT_EXPORT void rlhf_simt_reset_counters(void) {
    for (Kernel* kernel : rlhf_simt::kernels()) {
        std::lock_guard<std::mutex> lock(kernel->counting);
        kernel->counters = rlhf_simt_counters_t{};
    }
}

RLHF_SIMT_EXPORT int rlhf_simt_set_registers(const char* entry, int registers) {
    Kernel* kernel = find_kernel(entry);
    if (kernel == nullptr) {
        return 1;
    }
    kernel->registers = registers;
    return 0;
}

}  // extern "C"
