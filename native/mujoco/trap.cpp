#include "mujoco/trap.h"

#include <mujoco/mujoco.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rlhf::mujoco {

namespace detail {
thread_local std::jmp_buf* landing = nullptr;
}

namespace {

constexpr size_t kTextSize = 1024;
thread_local char error_text[kTextSize];
thread_local char warning_text[kTextSize];

// Messages end up inside one line of ours.
void keep(char* text, const char* message) {
    std::snprintf(text, kTextSize, "%s", message != nullptr ? message : "");
    for (char* c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
    for (size_t end = std::strlen(text); end > 0 && text[end - 1] == ' '; end--) text[end - 1] = '\0';
}

// MuJoCo does not expect this function to return.
void on_error(const char* message) {
    keep(error_text, message);
    if (detail::landing != nullptr) std::longjmp(*detail::landing, 1);
    // Only somebody else's call of MuJoCo in this process can come here: there is no state to go back to.
    std::fprintf(stderr, "MuJoCo, called outside librlhf_mujoco: %s\n", error_text);
    std::abort();
}

void on_warning(const char* message) { keep(warning_text, message); }

}  // namespace

const char* last_error_text() { return error_text; }
const char* last_warning_text() { return warning_text; }
void clear_warning_text() { warning_text[0] = '\0'; }

void install_hooks() {
    mju_user_error = on_error;
    mju_user_warning = on_warning;
}

}  // namespace rlhf::mujoco
