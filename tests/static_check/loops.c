/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops that take their time for different reasons; each begins with nothing under way. */
#include <nux/nux.h>

static nux_vector_memory memory[4];
static uint32_t data[64], other[64];
volatile uint32_t count = 200;
volatile uint32_t choice = 0;

__attribute__((noinline)) uint32_t multiply(void) {
    uint32_t sum = 0;
    for (int i = 0; i < 64; i++)
        sum += data[i] * other[i];
    return sum;
}

__attribute__((noinline)) uint32_t divide(uint32_t n) {
    uint32_t x = 0xffffffff;
    for (uint32_t i = 1; i <= n; i++)
        x ^= x / (i + 3);
    return x;
}

__attribute__((noinline)) void weights(void) {
    nux_vector rate = fxvsplatb(3);
    for (uint32_t i = 0; i < 512; i++)
        fxvoutx(fxvaddbfs(fxvinx(NUX_VECTOR_WEIGHT, i), rate), NUX_VECTOR_WEIGHT, i);
    nux_sync();
}

__attribute__((noinline)) void conversions(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        fxvstax(fxvinx(NUX_VECTOR_CAUSAL, i), memory, 0);
    nux_sync();
}

__attribute__((noinline)) void latched(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        fxvstax(fxvinx(NUX_VECTOR_CAUSAL | NUX_VECTOR_BUFFERED, i), memory, 0);
    nux_sync();
}

__attribute__((noinline)) void squares(uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        nux_vector v = fxvlax(&memory[i & 3], 0);
        fxvstax(fxvmulbfs(v, v), &memory[i & 3], 0);
        nux_sync();
    }
}

__attribute__((noinline)) void clock(void) {
    for (uint32_t i = 0; i < 64; i++)
        data[i] = *(volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * NUX_OMNIBUS_SYSTIME_WORD);
}

__attribute__((noinline)) void chosen(uint32_t n) {
    uint32_t base = choice ? NUX_VECTOR_CAUSAL : NUX_VECTOR_WEIGHT;
    for (uint32_t i = 0; i < n; i++)
        fxvstax(fxvinx(base, i), memory, 0);
    nux_sync();
}

__attribute__((noinline)) uint32_t two_ways(uint32_t n) {
    uint32_t x = n;
    for (uint32_t i = 0; i < n; i++)
        if (data[i & 63] & 1)
            other[i & 63] = i;
        else
            x += data[i & 63] * i;
    return x;
}

__attribute__((noinline)) void calls(uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        clock();
}

int start(void) {
    uint32_t x = multiply() + divide(count);
    weights();
    conversions(count);
    latched(count);
    squares(count);
    clock();
    chosen(count);
    calls(2);
    return (x + two_ways(count)) == 1;
}
