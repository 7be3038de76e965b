// The way back from MuJoCo's error hook, and what its warning hook heard last.
#pragma once

#include <csetjmp>

namespace rlhf::mujoco {

// Text of the last error or warning that MuJoCo gave on this thread.
const char* last_error_text();
const char* last_warning_text();
void clear_warning_text();

// Puts the hooks in place; MuJoCo's own would print, write a log file, wait for a key and end the process.
void install_hooks();

namespace detail {
extern thread_local std::jmp_buf* landing;
}

// Runs calls of MuJoCo's C interface; false when one of them raised an error, see last_error_text(). The jump runs no
// destructor, so the body may hold nothing that has one.
template <class Body>
__attribute__((noinline)) bool trapped(Body&& body) {
    std::jmp_buf here;
    std::jmp_buf* const outer = detail::landing;
    if (setjmp(here) != 0) {
        detail::landing = outer;
        return false;
    }
    detail::landing = &here;
    body();
    detail::landing = outer;
    return true;
}

}  // namespace rlhf::mujoco
