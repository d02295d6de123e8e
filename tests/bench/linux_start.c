// SPDX-License-Identifier: BSD-3-Clause
// Runs scalar_mix.c as a static 32-bit PowerPC Linux program without a C library, for
// qemu-ppc: program ITERATIONS, prints the checksum as eight hexadecimal digits.

#include <stddef.h>
#include <stdint.h>

extern volatile uint32_t bench_iterations;
extern volatile uint32_t bench_result;
int start(void);

enum { SYSCALL_EXIT = 1, SYSCALL_WRITE = 4, STDOUT = 1 };

static long syscall3(long number, long a, long b, long c) {
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    __asm__ volatile("sc"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
                     :
                     : "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "cr0", "memory");
    return r3;
}

// GCC calls these two for loops that clear and copy.
void *memset(void *destination, int value, size_t size) {
    for (uint8_t *byte = destination; size > 0; size--)
        *byte++ = (uint8_t)value;
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
    const uint8_t *from = source;
    for (uint8_t *to = destination; size > 0; size--)
        *to++ = *from++;
    return destination;
}

// The kernel enters with the argument count and vector on the stack.
__asm__(".globl _start\n"
        "_start:\n"
        "    mr 3, 1\n"
        "    li 0, 0\n"
        "    rlwinm 1, 1, 0, 0, 27\n"
        "    stwu 0, -16(1)\n"
        "    b linux_main\n");

_Noreturn void linux_main(const uintptr_t *stack) {
    if (stack[0] > 1) {
        uint32_t iterations = 0;
        for (const char *digit = (const char *)stack[2]; *digit; digit++)
            iterations = iterations * 10 + (uint32_t)(*digit - '0');
        bench_iterations = iterations;
    }
    int code = start();
    char line[9];
    for (int i = 0; i < 8; i++)
        line[i] = "0123456789abcdef"[bench_result >> (28 - 4 * i) & 15];
    line[8] = '\n';
    syscall3(SYSCALL_WRITE, STDOUT, (long)line, sizeof(line));
    for (;;)
        syscall3(SYSCALL_EXIT, code, 0, 0);
}
