// SPDX-License-Identifier: BSD-3-Clause
//
// Loops of vector arithmetic: what does one 128-lane instruction cost, loop included?
//
// bench_kind           in   0: saturating byte additions, 1: mixed arithmetic
// bench_iterations     in   rounds of the loop
// bench_per_iteration  out  vector instructions in one round
// bench_result         out  checksum over the final registers
// start()              out  0, or 1 when a lane of kind 0 is not what plain C computes

#include <nux/fxv.h>
#include <stdint.h>

enum { SATURATING_ADDS = 0, MIXED = 1 };

volatile uint32_t bench_kind = SATURATING_ADDS;
volatile uint32_t bench_iterations = 1;
volatile uint32_t bench_per_iteration = 8;
volatile uint32_t bench_result = 0;

#define NUM_RESULTS 8

static nux_vector_memory ramp;
static nux_vector_memory results[NUM_RESULTS];

// Vector stores and scalar accesses of the same bytes keep their order only across a sync.
static void sync(void) { __asm__ volatile("sync" ::: "memory"); }

static void saturating_adds(uint32_t iterations) {
    nux_vector v0 = fxvlax(&ramp, 0), v1 = v0, v2 = v0, v3 = v0;
    nux_vector v4 = v0, v5 = v0, v6 = v0, v7 = v0;
    const nux_vector one = fxvsplatb(1), minus_two = fxvsplatb(0xFE);
    for (; iterations > 0; iterations--) {
        v0 = fxvaddbfs(v0, one);
        v1 = fxvaddbfs(v1, minus_two);
        v2 = fxvaddbfs(v2, one);
        v3 = fxvaddbfs(v3, minus_two);
        v4 = fxvaddbfs(v4, one);
        v5 = fxvaddbfs(v5, minus_two);
        v6 = fxvaddbfs(v6, one);
        v7 = fxvaddbfs(v7, minus_two);
    }
    fxvstax(v0, &results[0], 0);
    fxvstax(v1, &results[1], 0);
    fxvstax(v2, &results[2], 0);
    fxvstax(v3, &results[3], 0);
    fxvstax(v4, &results[4], 0);
    fxvstax(v5, &results[5], 0);
    fxvstax(v6, &results[6], 0);
    fxvstax(v7, &results[7], 0);
}

static void mixed(uint32_t iterations) {
    nux_vector v0 = fxvlax(&ramp, 0), v1 = v0, v2 = v0, v3 = v0;
    const nux_vector three = fxvsplatb(3), five = fxvsplatb(5);
    fxvmtacb(v0);
    for (; iterations > 0; iterations--) {
        v0 = fxvaddbm(v0, three);
        v1 = fxvsubbfs(v1, five);
        v2 = fxvmulbfs(v0, v1);
        fxvcmpb(v2);
        v3 = fxvsel(v0, v1, NUX_GT);
        v3 = fxvaddbm_if(NUX_LT, v3, v3, v2);
        fxvmatacbm(v2, v3);
        v1 = fxvshb(v3, 1);
    }
    fxvstax(v0, &results[0], 0);
    fxvstax(v1, &results[1], 0);
    fxvstax(v2, &results[2], 0);
    fxvstax(fxvaddacbm(v3), &results[3], 0);
}

static int is_saturated_sum(uint32_t iterations) {
    for (int i = 0; i < NUM_RESULTS; i++) {
        for (int lane = 0; lane < 128; lane++) {
            int64_t sum = ramp.s8[lane] + (int64_t)iterations * (i % 2 ? -2 : 1);
            int8_t expected = sum > 127 ? 127 : sum < -128 ? -128 : (int8_t)sum;
            if (results[i].s8[lane] != expected)
                return 0;
        }
    }
    return 1;
}

int start(void) {
    const uint32_t iterations = bench_iterations;
    for (int lane = 0; lane < 128; lane++)
        ramp.u8[lane] = (uint8_t)(lane * 2 + 129);
    sync();
    if (bench_kind == MIXED)
        mixed(iterations);
    else
        saturating_adds(iterations);
    sync();
    uint32_t checksum = 0;
    for (int i = 0; i < NUM_RESULTS; i++) {
        for (int lane = 0; lane < 128; lane++)
            checksum = checksum * 31 + results[i].u8[lane];
    }
    bench_result = checksum;
    return bench_kind == SATURATING_ADDS && !is_saturated_sum(iterations);
}
