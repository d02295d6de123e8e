// SPDX-License-Identifier: BSD-3-Clause
// A mistake for each check of stack, mailbox and floating point, and beside it how to do it right;
// `which` chooses.

#include <nux/nux.h>

volatile uint32_t which, right;
volatile float value = 1.0f;
static volatile uint32_t *volatile kept;

static __attribute__((noinline)) void keep_local(void) {
    static volatile uint32_t lasting;
    volatile uint32_t local = 0;
    kept = right ? &lasting : &local;
}

static __attribute__((noinline)) void write_dead_frame(void) {
    keep_local();
    *kept = 1; // RED_ZONE
}

static __attribute__((noinline)) void store_below_r1(void) {
    if (right) {
        asm volatile("stwu 1, -16(1)\n stw 3, 8(1)\n addi 1, 1, 16");
    } else {
        asm volatile("stw 3, -8(1)"); // RED_ZONE without a frame
    }
}

static __attribute__((noinline)) void store_vector(void) {
    keep_local();
    uint32_t below = (uint32_t)__builtin_frame_address(0) - 128;
    static nux_vector_memory lasting;
    nux_store(nux_splat8(1), right ? &lasting : (nux_vector_memory *)below); // RED_ZONE of a vector
}

static __attribute__((noinline)) void write_numbers(void) {
    for (uint32_t i = 0; i < (right ? 1000 : 1024); i++) {
        nux_mailbox_write_hex(i, 4); // LOST_TEXT
    }
}

static __attribute__((noinline)) void write_vector(void) {
    static nux_vector_memory zero;
    for (uint32_t i = 0; i < (right ? 16 : 17); i++) {
        nux_mailbox_write_vector_u8(&zero); // LOST_TEXT of vectors
    }
}

static __attribute__((noinline)) void multiply(void) {
    for (uint32_t i = 0; i < (right ? 49 : 50); i++) {
        value = value * 1.25f * 0.8f; // FLOAT
    }
}

static NUX_EXTERNAL_CODE __attribute__((noinline)) void multiply_outside(void) {
    for (uint32_t i = 0; i < (right ? 99 : 100); i++) {
        value = value * 1.25f; // FLOAT in external code
    }
}

static __attribute__((noinline)) uint32_t fill(uint32_t bytes) {
    volatile uint8_t frame[bytes]; // STACK_MARGIN
    frame[0] = 1;
    return frame[0];
}

extern char __stack_limit[];

static __attribute__((noinline)) void use_stack(void) {
    uint32_t free = (uint32_t)__builtin_frame_address(0) - (uint32_t)__stack_limit;
    fill(free - (right ? 200 : 80));
}

int start(void) {
    static void (*const mistakes[])(void) = {write_dead_frame, store_below_r1, store_vector,
                                             write_numbers,    write_vector,   multiply,
                                             multiply_outside, use_stack};
    mistakes[which]();
    return 0;
}
