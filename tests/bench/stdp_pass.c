// SPDX-License-Identifier: BSD-3-Clause
//
// One additive STDP update of a whole synapse array (256 rows, 512 vectors): read causal
// and acausal correlation, reset the sensors, read the weights, update, write.
//
// bench_iterations     in   passes over the array
// bench_learning_rate  in   1/128 of a weight step per CADC step, 0 to 127
//
// The CADC reading falls as correlation grows, so causal minus acausal correlation is the
// acausal minus the causal reading. Readings are halved (0 to 127) and weights doubled
// (0 to 126) to use the signed saturating bytes of the vector unit.

#include <nux/fxv.h>
#include <nux/memory_map.h>
#include <stdint.h>

volatile uint32_t bench_iterations = 1;
volatile uint32_t bench_learning_rate = 64;

#define RESET_BOTH 3 // bit 0 resets the causal, bit 1 the acausal sensor of a synapse

static void update(uint32_t index, nux_vector causal, nux_vector acausal, nux_vector rate) {
    nux_vector difference = fxvsubbfs(fxvshb(acausal, -1), fxvshb(causal, -1));
    nux_vector weight = fxvshb(fxvinx(NUX_VECTOR_WEIGHT, index), 1);
    weight = fxvaddbfs(weight, fxvmulbfs(difference, rate));
    fxvcmpb(weight);
    weight = fxvsubbm_if(NUX_LT, weight, weight, weight); // negative weights become 0
    fxvoutx(fxvshb(weight, -1), NUX_VECTOR_WEIGHT, index);
}

static void pass(void) {
    const nux_vector rate = fxvsplatb(bench_learning_rate);
    const nux_vector reset = fxvsplatb(RESET_BOTH);
    for (uint32_t even = 0; even < 2 * NUX_NUM_ROWS; even += 2) {
        uint32_t odd = even + 1;
        // The first read converts the row, both channels; the others return what it latched.
        nux_vector causal_even = fxvinx(NUX_VECTOR_CAUSAL, even);
        nux_vector causal_odd = fxvinx(NUX_VECTOR_CAUSAL | NUX_VECTOR_BUFFERED, odd);
        nux_vector acausal_even = fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, even);
        nux_vector acausal_odd = fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, odd);
        fxvoutx(reset, NUX_VECTOR_CAUSAL, even);
        fxvoutx(reset, NUX_VECTOR_CAUSAL, odd);
        update(even, causal_even, acausal_even, rate);
        update(odd, causal_odd, acausal_odd, rate);
    }
}

int start(void) {
    for (uint32_t passes = bench_iterations; passes > 0; passes--)
        pass();
    __asm__ volatile("sync" ::: "memory");
    return 0;
}
