#include "fault.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace rlhf_simt {
namespace {

struct Faults {
    std::mutex mutex;
    CUresult code = CUDA_SUCCESS;
    std::string text;
};

Faults& faults() {
    static Faults instance;
    return instance;
}

}  // namespace

void record_fault(CUresult code, const std::string& text) {
    std::lock_guard<std::mutex> lock(faults().mutex);
    if (faults().code == CUDA_SUCCESS) {
        faults().code = code;
        faults().text = text;
    }
}

CUresult fault_code() {
    std::lock_guard<std::mutex> lock(faults().mutex);
    return faults().code;
}

std::string fault_text() {
    std::lock_guard<std::mutex> lock(faults().mutex);
    return faults().text;
}

void clear_fault() {
    std::lock_guard<std::mutex> lock(faults().mutex);
    faults().code = CUDA_SUCCESS;
    faults().text.clear();
}

std::string format(const char* pattern, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, pattern);
    vsnprintf(text, sizeof(text), pattern, arguments);
    va_end(arguments);
    return text;
}

std::string describe(Site site) {
    const char* slash = site.file == nullptr ? nullptr : std::strrchr(site.file, '/');
    const char* name = slash != nullptr ? slash + 1 : site.file;
    return format("%s:%d", name == nullptr ? "?" : name, site.line);
}

}  // namespace rlhf_simt

extern "C" RLHF_SIMT_API const char* rlhf_simt_last_fault(void) {
    static thread_local std::string text;
    text = rlhf_simt::fault_text();
    return text.c_str();
}
