// SPDX-License-Identifier: BSD-3-Clause
// Rows of the synapse array of this processor's hemisphere.
//
// A row has 256 columns; a vector holds every other one of them: half 0 the even columns
// (lane i is column 2i), half 1 the odd ones (column 2i + 1). Rows are 0 to 255.

#ifndef NUX_SYNAPSE_H
#define NUX_SYNAPSE_H

#include <nux/bus.h>
#include <nux/fxv.h>
#include <nux/memory_map.h>

enum { NUX_EVEN = 0, NUX_ODD = 1 };

/// A whole row.
typedef struct {
    nux_vector even;
    nux_vector odd;
} nux_row;

/// Both sensors of a row, 8 bits unsigned; correlation lowers the value.
typedef struct {
    nux_row causal;
    nux_row acausal;
} nux_correlation;

/// Index of one half of a row in a region of the vector bus.
static inline uint32_t nux_row_index(uint32_t row, uint32_t half) { return 2 * row + half; }

NUX_INTRINSIC nux_row nux_read_row(uint32_t region, uint32_t row) {
    return (nux_row){fxvinx(region, nux_row_index(row, NUX_EVEN)),
                     fxvinx(region, nux_row_index(row, NUX_ODD))};
}

NUX_INTRINSIC void nux_write_row(uint32_t region, uint32_t row, nux_row value) {
    fxvoutx(value.even, region, nux_row_index(row, NUX_EVEN));
    fxvoutx(value.odd, region, nux_row_index(row, NUX_ODD));
}

/// Write one half of a row in the lanes (bytes) where `mask` is above zero, as signed bytes.
NUX_INTRINSIC void nux_write_masked(uint32_t region, uint32_t row, uint32_t half, nux_vector value,
                                    nux_vector mask) {
    fxvcmpb(mask);
    fxvoutx_if(NUX_GT, value, region, nux_row_index(row, half));
}

NUX_INTRINSIC void nux_write_row_masked(uint32_t region, uint32_t row, nux_row value,
                                        nux_row mask) {
    nux_write_masked(region, row, NUX_EVEN, value.even, mask.even);
    nux_write_masked(region, row, NUX_ODD, value.odd, mask.odd);
}

// Weights and labels: one of 0 to 63 a byte. Of a written byte the lower six bits count.

#define NUX_DEFINE_ROW_ACCESS(name, region)                                                        \
    NUX_INTRINSIC nux_vector nux_get_##name##_half(uint32_t row, uint32_t half) {                  \
        return fxvinx(region, nux_row_index(row, half));                                           \
    }                                                                                              \
    NUX_INTRINSIC void nux_set_##name##_half(uint32_t row, uint32_t half, nux_vector value) {      \
        fxvoutx(value, region, nux_row_index(row, half));                                          \
    }                                                                                              \
    NUX_INTRINSIC nux_row nux_get_##name(uint32_t row) { return nux_read_row(region, row); }       \
    NUX_INTRINSIC void nux_set_##name(uint32_t row, nux_row value) {                               \
        nux_write_row(region, row, value);                                                         \
    }                                                                                              \
    NUX_INTRINSIC void nux_set_##name##_masked(uint32_t row, nux_row value, nux_row mask) {        \
        nux_write_row_masked(region, row, value, mask);                                            \
    }

// nux_get_weights(row), nux_set_weights(row, value), nux_set_weights_masked(row, value, mask),
// nux_get_weights_half(row, half), nux_set_weights_half(row, half, value); likewise labels, and
// the calibration of the sensors: time_calib, amp_calib, one of 0 to 3 a byte.
NUX_DEFINE_ROW_ACCESS(weights, NUX_VECTOR_WEIGHT)
NUX_DEFINE_ROW_ACCESS(labels, NUX_VECTOR_LABEL)
NUX_DEFINE_ROW_ACCESS(time_calib, NUX_VECTOR_TIME_CALIB)
NUX_DEFINE_ROW_ACCESS(amp_calib, NUX_VECTOR_AMP_CALIB)

// Correlation. An unbuffered read converts the whole row, both sensors, even and odd; the
// buffered ones return the other values of that conversion.

/// One half of a sensor's row, after a new conversion.
NUX_INTRINSIC nux_vector nux_get_causal_half(uint32_t row, uint32_t half) {
    return fxvinx(NUX_VECTOR_CAUSAL, nux_row_index(row, half));
}
NUX_INTRINSIC nux_vector nux_get_acausal_half(uint32_t row, uint32_t half) {
    return fxvinx(NUX_VECTOR_ACAUSAL, nux_row_index(row, half));
}

/// One half of a sensor's row from the last conversion.
NUX_INTRINSIC nux_vector nux_get_causal_half_buffered(uint32_t row, uint32_t half) {
    return fxvinx(NUX_VECTOR_CAUSAL | NUX_VECTOR_BUFFERED, nux_row_index(row, half));
}
NUX_INTRINSIC nux_vector nux_get_acausal_half_buffered(uint32_t row, uint32_t half) {
    return fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, nux_row_index(row, half));
}

/// A sensor's row from the last conversion.
NUX_INTRINSIC nux_row nux_get_causal_buffered(uint32_t row) {
    return nux_read_row(NUX_VECTOR_CAUSAL | NUX_VECTOR_BUFFERED, row);
}
NUX_INTRINSIC nux_row nux_get_acausal_buffered(uint32_t row) {
    return nux_read_row(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, row);
}

/// A sensor's row, after one new conversion.
NUX_INTRINSIC nux_row nux_get_causal(uint32_t row) {
    nux_vector even = nux_get_causal_half(row, NUX_EVEN);
    return (nux_row){even, nux_get_causal_half_buffered(row, NUX_ODD)};
}
NUX_INTRINSIC nux_row nux_get_acausal(uint32_t row) {
    nux_vector even = nux_get_acausal_half(row, NUX_EVEN);
    return (nux_row){even, nux_get_acausal_half_buffered(row, NUX_ODD)};
}

/// Both sensors of a row: one conversion and three buffered reads.
NUX_INTRINSIC nux_correlation nux_get_correlation(uint32_t row) {
    nux_row causal = nux_get_causal(row);
    return (nux_correlation){causal, nux_get_acausal_buffered(row)};
}

// Correlation reset: bit 0 of a byte written to the causal region resets the causal sensor
// of the synapse, bit 1 the acausal one.
enum { NUX_RESET_CAUSAL = 1, NUX_RESET_ACAUSAL = 2, NUX_RESET_BOTH = 3 };

/// Reset sensors of one row, by the bits of each byte.
NUX_INTRINSIC void nux_reset_correlation_lanes(uint32_t row, nux_row sensors) {
    nux_write_row(NUX_VECTOR_CAUSAL, row, sensors);
}

/// Reset one or both sensors of all synapses of one row.
NUX_INTRINSIC void nux_reset_correlation(uint32_t row, uint32_t sensors) {
    nux_vector lanes = fxvsplatb(sensors);
    nux_reset_correlation_lanes(row, (nux_row){lanes, lanes});
}

/// Reset one or both sensors of the whole array.
static inline void nux_reset_all_correlation(uint32_t sensors) {
    for (uint32_t row = 0; row < NUX_NUM_ROWS; row++) {
        nux_reset_correlation(row, sensors);
    }
}

/// Timing of the sensors of a hemisphere, 12 bits each: sense delay, duration of a reset, time of
/// its falling edge; mode: bit 0 chooses the automatic reset, bits 1 and 2 select the sensors
/// of the right and of the left half of the columns.
static inline void nux_configure_correlation(uint32_t hemisphere, uint32_t sense_delay,
                                             uint32_t reset_duration, uint32_t reset_fall_time,
                                             uint32_t mode) {
    uint32_t word =
        NUX_OMNIBUS_CORRELATION_CONFIG_WORD + hemisphere * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE;
    nux_bus_write(word, sense_delay);
    nux_bus_write(word + 1, reset_duration);
    nux_bus_write(word + 2, reset_fall_time);
    nux_bus_write(word + 3, mode);
}

#endif
