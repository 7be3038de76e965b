// The rules of every C border of this project: a status comes back from every call, no exception crosses,
// and the text of the last failure waits in a thread-local until the same thread's next failure.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#define RLHF_API extern "C" __attribute__((visibility("default")))

namespace rlhf::abi {

enum Status : int { kOk = 0, kInvalidArgument = 1, kOutOfMemory = 2, kInternal = 3 };

inline std::string& last_error() {
    static thread_local std::string text;
    return text;
}

// The caller's mistake: its text is shown to the user as it stands.
class InvalidArgument : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// Runs a body behind the border. Recording the text may itself run out of memory, hence the inner try.
template <class Body>
int guard(Body&& body) noexcept {
    Status status = kInternal;
    const char* text = "unknown native exception";
    try {
        try {
            body();
            return kOk;
        } catch (const InvalidArgument& e) {
            status = kInvalidArgument;
            last_error() = e.what();
        } catch (const std::bad_alloc&) {
            status = kOutOfMemory;
            last_error() = "out of memory";
        } catch (const std::exception& e) {
            last_error() = e.what();
        } catch (...) {
            last_error() = text;
        }
    } catch (...) {
        status = kOutOfMemory;
    }
    return status;
}

}  // namespace rlhf::abi
