#include "emulator/fibre.h"

#include <cstdint>
#include <cstring>

#if defined(__APPLE__)
#define SYMBOL(name) "_" #name
#else
#define SYMBOL(name) #name
#endif

// sparsek_switch_stack(save, next): pushes the callee-saved registers, stores the stack pointer in
// *save, takes `next` as the stack pointer, pops and returns there.
// sparsek_fibre_entry: where a new fibre begins; moves the two prepared registers into place.
// clang-format off
#if defined(__x86_64__)
asm(".text\n"
    ".globl " SYMBOL(sparsek_switch_stack) "\n"
    SYMBOL(sparsek_switch_stack) ":\n"
    "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
    "  ret\n"
    ".globl " SYMBOL(sparsek_fibre_entry) "\n"
    SYMBOL(sparsek_fibre_entry) ":\n"
    "  movq %r12, %rdi\n"
    "  call *%rbx\n"
    "  ud2\n");
constexpr int SAVED_WORDS = 7;  // r15 r14 r13 r12 rbx rbp, return address
constexpr int ENTRY_WORD = 4, ARGUMENT_WORD = 3, RETURN_WORD = 6;
#elif defined(__aarch64__)
asm(".text\n"
    ".p2align 2\n"
    ".globl " SYMBOL(sparsek_switch_stack) "\n"
    SYMBOL(sparsek_switch_stack) ":\n"
    "  sub sp, sp, #160\n"
    "  stp x19, x20, [sp, #0]\n  stp x21, x22, [sp, #16]\n  stp x23, x24, [sp, #32]\n"
    "  stp x25, x26, [sp, #48]\n  stp x27, x28, [sp, #64]\n  stp x29, x30, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n"
    "  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
    "  mov x9, sp\n"
    "  str x9, [x0]\n"
    "  mov sp, x1\n"
    "  ldp x19, x20, [sp, #0]\n  ldp x21, x22, [sp, #16]\n  ldp x23, x24, [sp, #32]\n"
    "  ldp x25, x26, [sp, #48]\n  ldp x27, x28, [sp, #64]\n  ldp x29, x30, [sp, #80]\n"
    "  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n"
    "  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
    "  add sp, sp, #160\n"
    "  ret\n"
    ".p2align 2\n"
    ".globl " SYMBOL(sparsek_fibre_entry) "\n"
    SYMBOL(sparsek_fibre_entry) ":\n"
    "  mov x0, x20\n"
    "  blr x19\n"
    "  brk #0\n");
constexpr int SAVED_WORDS = 20;  // x19 ... x30, d8 ... d15
constexpr int ENTRY_WORD = 0, ARGUMENT_WORD = 1, RETURN_WORD = 11;
#else
#error "The emulator knows how to switch stacks on x86-64 and arm64 only"
#endif
// clang-format on

extern "C" void sparsek_switch_stack(void** save, void* next);
extern "C" void sparsek_fibre_entry();

namespace emulator {

Fibre::Fibre() : stack_(new char[STACK_BYTES]) {}

void Fibre::prepare(void (*entry)(void*), void* argument) {
  // sparsek_fibre_entry finds the stack pointer at `top`, aligned as both ABIs want before a call.
  const auto top = reinterpret_cast<uintptr_t>(stack_.get() + STACK_BYTES) & ~uintptr_t{15};
  auto* words = reinterpret_cast<void**>(top) - SAVED_WORDS;
  std::memset(words, 0, SAVED_WORDS * sizeof(void*));
  words[ENTRY_WORD] = reinterpret_cast<void*>(entry);
  words[ARGUMENT_WORD] = argument;
  words[RETURN_WORD] = reinterpret_cast<void*>(&sparsek_fibre_entry);
  pointer_ = words;
}

void Fibre::resume() { sparsek_switch_stack(&caller_, pointer_); }

void Fibre::suspend() { sparsek_switch_stack(&pointer_, caller_); }

}  // namespace emulator
