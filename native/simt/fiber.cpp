#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace rlhf_simt {
namespace {

// A fiber that a fault abandoned never took back the marks of its frames.
void forget_frames(void* stack, std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack, bytes);
#else
    (void)stack;
    (void)bytes;
#endif
}

}  // namespace

Stacks::Stacks(int count) : bytes_(static_cast<std::size_t>(count) * kBytes) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    base_ = static_cast<char*>(memory);
}

Stacks::~Stacks() {
    munmap(base_, bytes_);
}

#if defined(__x86_64__)

// Saves what the System V ABI lets a callee change not, on the stack that is left, and takes it from the stack that is entered.
extern "C" void rlhf_simt_switch_stack(void** from, void* to);
extern "C" void rlhf_simt_first_entry();

asm(R"(
.text
.p2align 4
.type rlhf_simt_switch_stack, @function
.hidden rlhf_simt_switch_stack
.globl rlhf_simt_switch_stack
rlhf_simt_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size rlhf_simt_switch_stack, .-rlhf_simt_switch_stack
.type rlhf_simt_first_entry, @function
.hidden rlhf_simt_first_entry
.globl rlhf_simt_first_entry
rlhf_simt_first_entry:
    movq %r12, %rdi
    xorl %ebp, %ebp
    call *%r13
    ud2
.size rlhf_simt_first_entry, .-rlhf_simt_first_entry
)");

void Fiber::prepare(void* stack, std::size_t bytes, Run run, void* argument) {
    forget_frames(stack, bytes);
    // 16-byte aligned where first_entry makes its call.
    auto top = reinterpret_cast<std::uintptr_t>(stack) + bytes;
    auto** frame = reinterpret_cast<void**>(top & ~std::uintptr_t{15}) - 9;
    frame[0] = frame[1] = nullptr;                                     // r15, r14
    frame[2] = reinterpret_cast<void*>(run);                           // r13
    frame[3] = argument;                                               // r12
    frame[4] = frame[5] = nullptr;                                     // rbx, rbp
    frame[6] = reinterpret_cast<void*>(&rlhf_simt_first_entry);
    frame[7] = nullptr;
    top_ = frame;
}

void Fiber::enter(Fiber& from, Fiber& to) {
    rlhf_simt_switch_stack(&from.top_, to.top_);
}

#else

namespace {
thread_local Fiber* entered = nullptr;
}

void Fiber::start() {
    Fiber* self = entered;
    self->run_(self->argument_);
}

void Fiber::prepare(void* stack, std::size_t bytes, Run run, void* argument) {
    forget_frames(stack, bytes);
    run_ = run;
    argument_ = argument;
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack;
    context_.uc_stack.ss_size = bytes;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fiber::start, 0);
}

void Fiber::enter(Fiber& from, Fiber& to) {
    entered = &to;
    swapcontext(&from.context_, &to.context_);
}

#endif

}  // namespace rlhf_simt
