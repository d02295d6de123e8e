// SPDX-License-Identifier: BSD-3-Clause
// Synapse memory and the two ports of the array.
//
//   vector address    region base + 2 * row + half (raw: + 4 * row + 2 * pair + half);
//                     half 0 = even columns, 1 = odd columns; lane = column / 2
//   omnibus word      region base + 32 * vector index + lane / 4, first lane in the top byte
//   region            read                     write
//   weight            6 bits                   low 6 bits
//   time, amp calib   2 bits                   low 2 bits
//   label             6 bits                   low 6 bits
//   causal, acausal   CADC, 8 bits             reset: bit 0 causal, bit 1 acausal sensor
//   reset causal,     -                        reset of both sensors, whatever the value
//   reset acausal
//   random            next draws               seeds (vector index 0 and 1 only)
//   raw               pair 0 {time calib, weight}, pair 1 {amp calib, label}: bits 7..6, 5..0
//
// Rows 256 and 257 of the memory regions hold switches; bit 5 of row 256 connects a neuron to the
// CADC, the others are stored only. Writing row 256 of the causal region resets the neurons whose
// byte has bit 1 set, of the reset causal region those of all enabled bytes, and so does (a choice)
// the row that the vendor's speed test writes.
#include "array.h"
#include "analog.h"
#include "cdef/neurons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory_map.h"
#include "trace.h"

_Static_assert(NUX_ARRAY_ROWS == NUX_NUM_ROWS && NUX_ARRAY_COLUMNS == NUX_NUM_COLUMNS &&
                   NUX_ARRAY_LANES == NUX_VECTOR_BYTES && NUX_SWITCH_ROW == NUX_ARRAY_ROWS,
               "the array's dimensions are those of the memory map");

enum {
    REGION_MASK = 0xf0000,
    INDEX_MASK = 0xffff,
    LOW_BITS = 6, // of a raw byte: weight or label; above them the calibration bits
    BUS_WORDS = NUX_ARRAY_LANES / 4,
    SPEED_TEST_ROW = (NUX_VECTOR_NEURON_RESET_OF_SPEED_TEST & INDEX_MASK) / 2,
    RESET_NEURON = 2, // of a byte written to the switch row of the causal region
};

// One half of one stored row: `low` and `high` are NULL where the region does not reach.
typedef struct {
    uint8_t *low, *high;
    unsigned row, half;
} memory_half;

typedef struct {
    uint32_t region;
    bool buffered;
    unsigned row, half, pair;
} location;

// False when nothing is at the address.
static bool decode(uint32_t address, location *at) {
    uint32_t modifiers = address & ~(uint32_t)(REGION_MASK | INDEX_MASK);
    if ((modifiers & NUX_VECTOR_IGNORED) == NUX_VECTOR_IGNORED)
        modifiers &= ~(uint32_t)NUX_VECTOR_IGNORED;
    uint32_t index = address & INDEX_MASK;
    at->region = address & REGION_MASK;
    at->buffered = modifiers == NUX_VECTOR_BUFFERED;
    at->half = index % 2;
    at->pair = at->region == NUX_VECTOR_RAW ? index / 2 % 2 : 0;
    at->row = at->region == NUX_VECTOR_RAW ? index / 4 : index / 2;
    return modifiers == 0 || at->buffered;
}

bool nux_array_reads_now(uint32_t address) {
    location at;
    return decode(address, &at) && !at.buffered &&
           (at.region == NUX_VECTOR_CAUSAL || at.region == NUX_VECTOR_ACAUSAL);
}

bool nux_array_correlation_at(uint32_t address, unsigned *channel, unsigned *row, unsigned *half) {
    location at;
    bool found = decode(address, &at) && at.row < NUX_ARRAY_ROWS &&
                 (at.region == NUX_VECTOR_CAUSAL || at.region == NUX_VECTOR_ACAUSAL);
    *channel = at.region == NUX_VECTOR_CAUSAL ? NUX_ARRAY_CAUSAL : NUX_ARRAY_ACAUSAL;
    *row = at.row;
    *half = at.half;
    return found;
}

bool nux_array_weights_at(uint32_t address, unsigned *row, unsigned *half) {
    location at;
    bool found = decode(address, &at) && !at.buffered && at.row < NUX_ARRAY_ROWS &&
                 (at.region == NUX_VECTOR_WEIGHT || (at.region == NUX_VECTOR_RAW && !at.pair));
    *row = at.row;
    *half = at.half;
    return found;
}

// False when the location is not memory.
static bool find_memory(nux_array *array, const location *at, memory_half *found) {
    if (at->row >= NUX_ARRAY_STORED_ROWS || at->buffered)
        return false;
    *found = (memory_half){.row = at->row, .half = at->half};
    switch (at->region) {
    case NUX_VECTOR_WEIGHT:
        found->low = array->weights[at->row];
        return true;
    case NUX_VECTOR_LABEL:
        found->low = array->labels[at->row];
        return true;
    case NUX_VECTOR_TIME_CALIB:
        found->high = array->time_calib[at->row];
        return true;
    case NUX_VECTOR_AMP_CALIB:
        found->high = array->amp_calib[at->row];
        return true;
    case NUX_VECTOR_RAW:
        found->low = (at->pair == 0 ? array->weights : array->labels)[at->row];
        found->high = (at->pair == 0 ? array->time_calib : array->amp_calib)[at->row];
        return true;
    default:
        return false;
    }
}

static void read_half(const uint8_t *row, unsigned half, uint8_t *lanes) {
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
        lanes[lane] = row[2 * lane + half];
}

static void write_half(uint8_t *row, unsigned half, const uint8_t *lanes, const uint8_t *enable) {
    uint8_t halves[NUX_ARRAY_HALVES][NUX_ARRAY_LANES];
    read_half(row, 0, halves[0]);
    read_half(row, 1, halves[1]);
    if (enable == NULL)
        memcpy(halves[half], lanes, NUX_ARRAY_LANES);
    else
        for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
            halves[half][lane] =
                (uint8_t)((lanes[lane] & enable[lane]) | (halves[half][lane] & ~enable[lane]));
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        row[2 * lane] = halves[0][lane];
        row[2 * lane + 1] = halves[1][lane];
    }
}

static void read_memory(const memory_half *memory, uint8_t *out) {
    if (memory->low != NULL)
        read_half(memory->low, memory->half, out);
    if (memory->high != NULL) {
        uint8_t high[NUX_ARRAY_LANES];
        read_half(memory->high, memory->half, high);
        if (memory->low == NULL)
            memcpy(out, high, NUX_ARRAY_LANES);
        else
            for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
                out[lane] = (uint8_t)(out[lane] | high[lane] << LOW_BITS);
    }
}

static void write_memory(nux_array *array, const memory_half *memory, const uint8_t *data,
                         const uint8_t *enable) {
    uint8_t lanes[NUX_ARRAY_LANES];
    if (memory->low != NULL) {
        bool traced = NUX_IS_TRACED(array) && memory->low == array->weights[memory->row];
        uint8_t old[NUX_ARRAY_COLUMNS];
        if (traced)
            memcpy(old, memory->low, sizeof old);
        for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
            lanes[lane] = data[lane] & NUX_WEIGHT_MAX;
        write_half(memory->low, memory->half, lanes, enable);
        if (traced)
            nux_trace_weights(array, memory->row, memory->half, old, enable);
        if (memory->row < NUX_ARRAY_ROWS && memory->low == array->labels[memory->row])
            array->rows[memory->row].relabelled = 1;
    }
    if (memory->high == NULL)
        return;
    unsigned shift = memory->low == NULL ? 0 : LOW_BITS;
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
        lanes[lane] = data[lane] >> shift & 3;
    if (memory->row >= NUX_SWITCH_ROW) {
        write_half(memory->high, memory->half, lanes, enable);
    } else { // pairs so far count with the calibration so far
        nux_array_settle_row(array, memory->row);
        write_half(memory->high, memory->half, lanes, enable);
        nux_array_update_row(array, memory->row);
    }
}

static int read_cadc(nux_array *array, const location *at, uint8_t *out) {
    if (at->row >= NUX_ARRAY_ROWS)
        return NUX_ARRAY_UNKNOWN_ADDRESS;
    if (!at->buffered) {
        if (!(array->cadc_config & 1))
            return NUX_ARRAY_CADC_OFF;
        if (!nux_array_convert(array, at->row))
            return NUX_ARRAY_NO_NEURON;
        if (NUX_IS_TRACED(array))
            nux_trace_array(array, NUX_TRACE_CONVERSION, at->row, at->half,
                            NUX_CYCLES_CADC_CONVERT);
    }
    unsigned channel = at->region == NUX_VECTOR_CAUSAL ? NUX_ARRAY_CAUSAL : NUX_ARRAY_ACAUSAL;
    memcpy(out, array->latch[channel][at->half], NUX_ARRAY_LANES);
    return at->buffered ? NUX_ARRAY_BUFFERED : NUX_ARRAY_CONVERT;
}

static bool is_random(const location *at) {
    return at->region == NUX_VECTOR_RANDOM && at->row == 0 && !at->buffered;
}

void nux_array_reset_neurons(nux_array *array, const uint8_t *mask) {
    if (array->analog != NULL)
        nux_analog_reset(array->analog, mask);
    else
        nux_neurons_reset(array->neurons, array->now_s, mask);
}

// Payload: which bytes reset their neuron; NULL: all of the enabled ones.
static int reset_neurons(nux_array *array, const location *at, const uint8_t *payload,
                         const uint8_t *enable) {
    uint8_t mask[NUX_ARRAY_COLUMNS] = {0};
    if (array->neurons == NULL)
        return NUX_ARRAY_NO_NEURON;
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++) {
        bool chosen = payload == NULL || (payload[lane] & RESET_NEURON) != 0;
        mask[2 * lane + at->half] = chosen && (enable == NULL || enable[lane] != 0);
    }
    nux_array_reset_neurons(array, mask);
    return NUX_ARRAY_RESET;
}

// Synapses of which a sensor is reset.
static unsigned count_reset(const uint8_t *sensors, const uint8_t *enable) {
    unsigned count = 0;
    for (unsigned lane = 0; lane < NUX_ARRAY_LANES; lane++)
        count += (sensors[lane] & 3) != 0 && (enable == NULL || enable[lane] != 0);
    return count;
}

int nux_array_vector_read(nux_array *array, uint32_t address, double now_s, uint8_t *out) {
    location at;
    memory_half memory;
    if (!decode(address, &at))
        return NUX_ARRAY_UNKNOWN_ADDRESS;
    if (at.region == NUX_VECTOR_CAUSAL || at.region == NUX_VECTOR_ACAUSAL) {
        if (!at.buffered)
            nux_array_advance(array, now_s);
        return read_cadc(array, &at, out);
    }
    if (is_random(&at)) {
        nux_random_draw(array, at.half, 0, NUX_ARRAY_LANES, out);
        return NUX_ARRAY_STATIC;
    }
    if (!find_memory(array, &at, &memory))
        return NUX_ARRAY_UNKNOWN_ADDRESS;
    read_memory(&memory, out);
    return NUX_ARRAY_STATIC;
}

int nux_array_vector_write(nux_array *array, uint32_t address, double now_s, const uint8_t *data,
                           const uint8_t *enable) {
    static const uint8_t both[NUX_ARRAY_LANES] = {[0 ... NUX_ARRAY_LANES - 1] = 3};
    location at;
    memory_half memory;
    if (!decode(address, &at) || at.buffered)
        return NUX_ARRAY_UNKNOWN_ADDRESS;
    nux_array_advance(array, now_s);
    if (is_random(&at)) {
        nux_random_seed(array, at.half, data, enable);
        return NUX_ARRAY_STATIC;
    }
    if (at.row == NUX_SWITCH_ROW && at.region == NUX_VECTOR_CAUSAL)
        return reset_neurons(array, &at, data, enable);
    if ((at.row == NUX_SWITCH_ROW || at.row == SPEED_TEST_ROW) &&
        at.region == NUX_VECTOR_RESET_CAUSAL)
        return reset_neurons(array, &at, NULL, enable);
    switch (at.region) {
    case NUX_VECTOR_RESET_CAUSAL:
    case NUX_VECTOR_RESET_ACAUSAL:
        data = both;
        // fall through
    case NUX_VECTOR_CAUSAL:
    case NUX_VECTOR_ACAUSAL:
        if (at.row >= NUX_ARRAY_ROWS)
            return NUX_ARRAY_UNKNOWN_ADDRESS;
        nux_array_reset_half(array, at.row, at.half, data, enable);
        if (NUX_IS_TRACED(array))
            nux_trace_array(array, NUX_TRACE_RESET, at.row, at.half, count_reset(data, enable));
        return NUX_ARRAY_RESET;
    default:
        if (!find_memory(array, &at, &memory))
            return NUX_ARRAY_UNKNOWN_ADDRESS;
        write_memory(array, &memory, data, enable);
        return NUX_ARRAY_STATIC;
    }
}

// Vector address that holds an omnibus word, and the word's first lane.
static uint32_t from_bus(uint32_t word_offset, unsigned *lane) {
    *lane = word_offset % BUS_WORDS * 4;
    return (word_offset & ~(uint32_t)INDEX_MASK) | (word_offset & INDEX_MASK) / BUS_WORDS;
}

// Weights have their low five bits reversed on the bus, in the raw view as well.
static bool holds_weights(uint32_t address) {
    location at;
    return decode(address, &at) &&
           (at.region == NUX_VECTOR_WEIGHT || (at.region == NUX_VECTOR_RAW && at.pair == 0));
}

static uint8_t reverse_low_five(uint8_t byte) {
    return (uint8_t)((byte & 0xe4) | (byte & 0x01) << 4 | (byte & 0x02) << 2 | (byte & 0x08) >> 2 |
                     (byte & 0x10) >> 4);
}

int nux_array_bus_read(nux_array *array, uint32_t word_offset, double now_s, uint32_t *value) {
    unsigned lane;
    uint32_t address = from_bus(word_offset, &lane);
    uint8_t lanes[NUX_ARRAY_LANES];
    location at;
    int status = NUX_ARRAY_STATIC;
    if (decode(address, &at) && is_random(&at)) // only the four generators of the word
        nux_random_draw(array, at.half, lane, 4, lanes + lane);
    else
        status = nux_array_vector_read(array, address, now_s, lanes);
    if (status < 0)
        return status;
    bool weights = holds_weights(address);
    *value = 0;
    for (unsigned i = 0; i < 4; i++)
        *value = *value << 8 | (weights ? reverse_low_five(lanes[lane + i]) : lanes[lane + i]);
    return status;
}

int nux_array_bus_write(nux_array *array, uint32_t word_offset, double now_s, uint32_t value,
                        uint32_t byte_mask) {
    unsigned lane;
    uint32_t address = from_bus(word_offset, &lane);
    bool weights = holds_weights(address);
    uint8_t lanes[NUX_ARRAY_LANES] = {0}, enable[NUX_ARRAY_LANES] = {0};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(value >> (24 - 8 * i));
        lanes[lane + i] = weights ? reverse_low_five(byte) : byte;
        enable[lane + i] = (uint8_t)(byte_mask >> (24 - 8 * i));
    }
    return nux_array_vector_write(array, address, now_s, lanes, enable);
}

nux_array *nux_array_new(void) {
    nux_array *array = aligned_alloc(64, (sizeof *array + 63) / 64 * 64);
    if (array == NULL)
        return NULL;
    memset(array, 0, sizeof *array);
    for (unsigned code = 0; code < 4; code++)
        array->amp_factor[code] = array->tau_factor[code] = 1.0;
    for (unsigned row = 0; row < NUX_ARRAY_ROWS; row++) {
        for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++) {
            array->tau_s[NUX_ARRAY_CAUSAL][row][column] = 1.0;
            array->tau_s[NUX_ARRAY_ACAUSAL][row][column] = 1.0;
        }
        for (unsigned label = 0; label < NUX_ARRAY_LABELS; label++)
            array->rows[row].label[label].time_s = -INFINITY;
        nux_array_file_row(array, row, array->labels[row]);
    }
    for (unsigned column = 0; column < NUX_ARRAY_COLUMNS; column++)
        array->post_time_s[column] = -INFINITY;
    array->latched_row = -1;
    array->cadc_config = 1;
    memset(array->cadc_offset, CADC_OFFSET_ZERO, sizeof array->cadc_offset);
    nux_random_reset(array);
    nux_array_update_parameters(array);
    return array;
}

void nux_array_free(nux_array *array) {
    if (array != NULL)
        free(array->spikes);
    free(array);
}
