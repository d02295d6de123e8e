// SPDX-License-Identifier: BSD-3-Clause
//
// Additive spike-timing dependent plasticity with baseline correction.
//
//     weight += learning_rate * (causal - acausal), limited to w_min..w_max
//
// Every start() does one thing to all synapses of the chosen rows of this hemisphere, chosen
// by `command`:
//
//   STDP_MEASURE_BASELINE  reset the sensors and note what they read without correlation.
//                          Do this once, before the first update.
//   STDP_UPDATE            read both sensors, update the weights, reset the sensors.
//
// The host writes `command` and `parameters` before a start; changing them compiles nothing.
//
// Readings FALL as correlation grows: correlation = baseline - reading. Everything is done in
// signed saturating bytes, in CADC steps and whole weight steps:
//
//   * A reading is 0 to 255. Less 128 it is a signed byte, and differences stay what they are;
//     no bit is lost. A correlation above 127 steps counts as 127.
//   * learning_rate * difference is rounded to the nearest weight step, halves away from zero.
//     Truncation would turn each small negative product into -1: a drift towards w_min without
//     any correlation. What is below half a step is lost: weights have 6 bits, nothing more.
//   * The sum is at most 63 + 127, so it saturates above any weight, then it is limited.
//
// The baseline is one value a column and sensor, as the offsets of the CADC are; that is four
// vectors. A sensor whose baseline differs from row to row needs one a synapse (128 KiB, which
// only external memory holds).

#include <nux/nux.h>

enum stdp_command { STDP_UPDATE = 0, STDP_MEASURE_BASELINE = 1 };

// Return codes of start().
enum stdp_status {
    STDP_DONE = 0,
    STDP_BAD_COMMAND = 1,
    STDP_BAD_ROWS = 2,   // not 0 <= row_begin < row_end <= 256
    STDP_BAD_BOUNDS = 3, // not w_min <= w_max <= 63
    STDP_NO_BASELINE = 4 // update before the first STDP_MEASURE_BASELINE
};

struct stdp_parameters {
    int8_t learning_rate; // 1/128 weight steps per CADC step, -128 to 127; below 0: anti-Hebbian
    uint8_t w_min;        // smallest weight, 0 to w_max
    uint8_t w_max;        // largest weight, w_min to 63
    uint16_t row_begin;   // first row
    uint16_t row_end;     // row after the last one
};

// A row of both sensors in memory: [0] even, [1] odd columns; readings, 0 to 255.
struct stdp_baseline {
    nux_vector_memory causal[2];
    nux_vector_memory acausal[2];
};

// Written by the host.
volatile enum stdp_command command = STDP_MEASURE_BASELINE;
volatile struct stdp_parameters parameters = {
    .learning_rate = 16, .w_min = 0, .w_max = NUX_WEIGHT_MAX, .row_begin = 0, .row_end = 256};

// Kept from start to start; the host may read it, or write it and set has_baseline.
struct stdp_baseline baseline;
volatile bool has_baseline = false;

#define BASELINE_READINGS 32 // that are averaged; a power of two, 2 to 128

/// Between a reading, 0 to 255, and the signed byte 128 below it.
NUX_INTRINSIC nux_vector shift_by_128(nux_vector reading) {
    return nux_add8(reading, nux_splat8(INT8_MIN));
}

/// Mean of readings of one sensor, half a row, each after a reset, of one row after the other.
static void measure(uint32_t sensor, uint32_t half, nux_vector_memory *mean) {
    // Each reading adds 2 * reading * share to the accumulator, which so ends at 256 times the
    // mean: its upper byte is the mean.
    nux_vector share = nux_splat8(128 / BASELINE_READINGS);
    fxvmtacb(nux_splat8(INT8_MAX)); // half a step, to round and not truncate
    uint32_t row = parameters.row_begin;
    for (uint32_t i = 0; i < BASELINE_READINGS; i++) {
        nux_reset_correlation(row, NUX_RESET_BOTH);
        fxvmatacbfs(shift_by_128(fxvinx(sensor, nux_row_index(row, half))), share);
        row = row + 1 < parameters.row_end ? row + 1 : parameters.row_begin;
    }
    nux_store(shift_by_128(fxvaddacbfs(nux_splat8(0))), mean);
}

static void measure_baseline(void) {
    for (uint32_t half = NUX_EVEN; half <= NUX_ODD; half++) {
        measure(NUX_VECTOR_CAUSAL, half, &baseline.causal[half]);
        measure(NUX_VECTOR_ACAUSAL, half, &baseline.acausal[half]);
    }
    for (uint32_t row = parameters.row_begin; row < parameters.row_end; row++) {
        nux_reset_correlation(row, NUX_RESET_BOTH);
    }
    has_baseline = true;
}

// What an update needs besides the row; the compiler keeps it in registers.
typedef struct {
    nux_row causal, acausal; // baselines less 128
    nux_vector learning_rate, w_min, w_max;
} stdp_constants;

/// New weights of half a row.
NUX_INTRINSIC nux_vector updated(nux_vector weight, nux_vector causal, nux_vector acausal,
                                 const stdp_constants *constants) {
    nux_vector difference = nux_sub8_sat(causal, acausal);
    nux_vector change = nux_mul8_frac_round(constants->learning_rate, difference);
    return nux_clamp8(nux_add8_sat(weight, change), constants->w_min, constants->w_max);
}

/// Correlation of half a row: how far the reading is below the baseline.
NUX_INTRINSIC nux_vector correlation(nux_vector baseline_less_128, nux_vector reading) {
    return nux_sub8_sat(baseline_less_128, shift_by_128(reading));
}

static void update(void) {
    const stdp_constants constants = {
        .causal = {shift_by_128(nux_load(&baseline.causal[NUX_EVEN])),
                   shift_by_128(nux_load(&baseline.causal[NUX_ODD]))},
        .acausal = {shift_by_128(nux_load(&baseline.acausal[NUX_EVEN])),
                    shift_by_128(nux_load(&baseline.acausal[NUX_ODD]))},
        .learning_rate = nux_splat8(parameters.learning_rate),
        .w_min = nux_splat8((int8_t)parameters.w_min),
        .w_max = nux_splat8((int8_t)parameters.w_max),
    };
    const uint32_t row_end = parameters.row_end;
    for (uint32_t row = parameters.row_begin; row < row_end; row++) {
        nux_correlation reading = nux_get_correlation(row);
        nux_reset_correlation(row, NUX_RESET_BOTH);
        nux_row weights = nux_get_weights(row);
        weights.even =
            updated(weights.even, correlation(constants.causal.even, reading.causal.even),
                    correlation(constants.acausal.even, reading.acausal.even), &constants);
        weights.odd = updated(weights.odd, correlation(constants.causal.odd, reading.causal.odd),
                              correlation(constants.acausal.odd, reading.acausal.odd), &constants);
        nux_set_weights(row, weights);
    }
}

int start(void) {
    if (parameters.row_begin >= parameters.row_end || parameters.row_end > NUX_NUM_ROWS) {
        return STDP_BAD_ROWS;
    }
    if (parameters.w_min > parameters.w_max || parameters.w_max > NUX_WEIGHT_MAX) {
        return STDP_BAD_BOUNDS;
    }
    switch (command) {
    case STDP_MEASURE_BASELINE:
        measure_baseline();
        return STDP_DONE;
    case STDP_UPDATE:
        if (!has_baseline) {
            return STDP_NO_BASELINE;
        }
        update();
        return STDP_DONE;
    }
    return STDP_BAD_COMMAND;
}
