// Threads of a block as fibers: a stack each and a switch of registers, on one host thread.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace rlhf_simt {

class Fiber {
  public:
    using Run = void (*)(void* argument);

    Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Makes the fiber start at run(argument), which must never return, when it is next entered.
    void prepare(void* stack, std::size_t bytes, Run run, void* argument);
    // Leaves `from`, which goes on when something enters it again.
    static void enter(Fiber& from, Fiber& to);

  private:
    static void start();

    Run run_ = nullptr;
    void* argument_ = nullptr;
#if defined(__x86_64__)
    void* top_ = nullptr;
#else
    ucontext_t context_{};
#endif
};

// Reserved address space for equally large stacks; pages come with use.
class Stacks {
  public:
    static constexpr std::size_t kBytes = 64 * 1024;

    explicit Stacks(int count);
    ~Stacks();
    Stacks(const Stacks&) = delete;
    Stacks& operator=(const Stacks&) = delete;

    char* at(int index) const { return base_ + static_cast<std::size_t>(index) * kBytes; }

  private:
    char* base_;
    std::size_t bytes_;
};

}  // namespace rlhf_simt
