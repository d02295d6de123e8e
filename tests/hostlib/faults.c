// SPDX-License-Identifier: BSD-3-Clause
// One mistake or another, chosen by the host. The comments at line ends are what the tests
// find the lines by.
#include <nux/nux.h>

enum fault {
    NONE,
    STORE_WORD,
    LOAD_WORD,
    LOAD_HALF,
    JUMP,
    RECURSION,
    ENDLESS_LOOP,
    TRAP,
    VECTOR_READ,
    CADC_DISABLED,
    OVERWRITE_CODE,
    DIVIDE,
    SHIFT,
    LOST_STACK,
};

volatile enum fault fault;
volatile uint32_t address;
volatile int32_t value = 1;
volatile int32_t result;
nux_vector_memory lanes;

#define FUNCTION static __attribute__((noinline)) void

FUNCTION store_word(void) {
    *(volatile uint32_t *)address = 1; // STORE_WORD
}

FUNCTION load_word(void) {
    result = *(volatile int32_t *)address; // LOAD_WORD
}

FUNCTION load_half(void) {
    result = *(volatile int16_t *)address; // LOAD_HALF
}

FUNCTION jump(void) {
    ((void (*)(void))address)(); // JUMP
    result = 1;
}

static __attribute__((noinline)) int recurse(int depth) { // RECURSION
    volatile int frame[8];
    frame[depth & 7] = depth;
    return value ? recurse(depth + 1) + frame[depth & 7] : 0;
}

FUNCTION endless_loop(void) {
    while (value) { // ENDLESS_LOOP
    }
}

FUNCTION trap(void) {
    __builtin_trap(); // TRAP
}

FUNCTION vector_read(void) {
    fxvstax(fxvinx(address, 0), &lanes, 0); // VECTOR_READ
}

FUNCTION cadc_disabled(void) {
    *(volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * NUX_OMNIBUS_CADC_CONFIG_WORD) = 0;
    fxvstax(fxvinx(NUX_VECTOR_CAUSAL, 0), &lanes, 0); // CADC_DISABLED
}

FUNCTION overwrite_code(void) {
    volatile uint32_t *code = (volatile uint32_t *)store_word;
    code[0] = 0;
    code[1] = 0;
    nux_sync();
    store_word();
}

FUNCTION divide(void) {
    result = 7 / value; // DIVIDE
}

FUNCTION shift(void) {
    result = 7 << value; // SHIFT
}

FUNCTION lost_stack(void) {
    __asm__ volatile("li 1, 0x7ffc\n\tstwu 1, -16(1)" ::: "memory"); // LOST_STACK
}

int start(void) {
    switch (fault) {
    case STORE_WORD:
        store_word();
        break;
    case LOAD_WORD:
        load_word();
        break;
    case LOAD_HALF:
        load_half();
        break;
    case JUMP:
        jump();
        break;
    case RECURSION:
        result = recurse(0);
        break;
    case ENDLESS_LOOP:
        endless_loop();
        break;
    case TRAP:
        trap();
        break;
    case VECTOR_READ:
        vector_read();
        break;
    case CADC_DISABLED:
        cadc_disabled();
        break;
    case OVERWRITE_CODE:
        overwrite_code();
        break;
    case DIVIDE:
        divide();
        break;
    case SHIFT:
        shift();
        break;
    case LOST_STACK:
        lost_stack();
        break;
    default:
        break;
    }
    return 42;
}
