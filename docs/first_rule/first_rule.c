// SPDX-License-Identifier: BSD-3-Clause
#include <nux/fxv.h>
#include <nux/memory_map.h>

volatile uint32_t threshold = 127; // in halved CADC steps; the host writes it

int start(void) {
    for (uint32_t index = 0; index < 2 * NUX_NUM_ROWS; index++) { // two vectors a row
        nux_vector causal = fxvshb(fxvinx(NUX_VECTOR_CAUSAL, index), -1);
        nux_vector acausal = fxvshb(fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, index), -1);
        nux_vector weight = fxvinx(NUX_VECTOR_WEIGHT, index);
        fxvcmpb(fxvsubbfs(fxvsubbfs(acausal, causal), fxvsplatb(threshold)));
        fxvoutx(fxvaddbm_if(NUX_GT, weight, weight, fxvsplatb(1)), NUX_VECTOR_WEIGHT, index);
    }
    return 0;
}
