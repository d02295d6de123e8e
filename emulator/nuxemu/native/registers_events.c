/* SPDX-License-Identifier: BSD-3-Clause */
/* Units on the bus: neurons, synapse drivers, and what makes events.
 *
 * Bits of the registers: haldls, src/haldls/vx: padi.cpp (PADIEvent, CommonPADIBusConfig,
 * CommonSTPConfig), v3/synapse_driver.cpp, neuron.cpp (NeuronReset, BlockPostPulse, spike
 * counters), background.cpp. Which neuron: halco, src/halco/hicann-dls/vx/neuron.cpp. */
#include "array.h"
#include "bus.h"
#include "memory_map.h"
#include "processor.h"

enum {
    HALF_COLUMNS = NUX_ARRAY_COLUMNS / 2,
    PADI_CONFIG_BITS = (int)0xffff00ff, /* inputs, timing, pulse lengths of four buses */
    STP_CONFIG_BITS = 0x1f,             /* speed, enable */
};

/* Register bits [low + width - 1 : low]. */
typedef struct {
    uint32_t low, width;
} field;

static uint32_t get(uint32_t word, field f) { return word >> f.low & ((1u << f.width) - 1); }

static void put(uint32_t *word, field f, uint32_t value) {
    uint32_t bits = ((1u << f.width) - 1) << f.low;
    *word = (*word & ~bits) | (value << f.low & bits);
}

/* --- Neurons: register n is column n % 128 of the half, in hemisphere n / 128 ---------------- */

static uint32_t column_of(const nux_access *a) {
    return a->unit * HALF_COLUMNS + a->index % HALF_COLUMNS;
}

static uint32_t hemisphere_of(const nux_access *a) { return a->index / HALF_COLUMNS; }

int nux_access_neuron_reset(const nux_access *a) {
    nux_array *array = a->chip->array[hemisphere_of(a)];
    uint8_t mask[NUX_ARRAY_COLUMNS] = {0};
    if (!array || !array->neurons)
        return NUX_TRAP_NO_NEURON;
    mask[column_of(a)] = 1;
    nux_array_reset_neurons(array, mask);
    return 0;
}

int nux_access_post_pulse(const nux_access *a) {
    for (uint32_t hemisphere = 0; hemisphere < NUX_HEMISPHERES; hemisphere++) {
        nux_array *array = a->chip->array[hemisphere];
        for (uint32_t i = 0; array && i < HALF_COLUMNS; i++)
            nux_array_post_spike(array, a->unit * HALF_COLUMNS + i, array->now_s);
    }
    return 0;
}

int nux_access_counter(const nux_access *a) {
    if (!a->chip->network)
        return NUX_TRAP_BUS;
    *a->value = nux_network_counter(a->chip->network, hemisphere_of(a), column_of(a));
    return 0;
}

int nux_access_counter_reset(const nux_access *a) {
    if (!a->chip->network)
        return NUX_TRAP_BUS;
    nux_network_counter_reset(a->chip->network, hemisphere_of(a), column_of(a));
    return 0;
}

/* --- Synapse drivers ------------------------------------------------------------------------- */

static const field fire_buses = {0, 4}, event_label = {16, 6}, event_row_select = {22, 5};

int nux_access_padi_event(const nux_access *a) {
    uint32_t event = *a->value & a->mask;
    if (!a->chip->network)
        return NUX_TRAP_BUS;
    int status = nux_network_inject(a->chip->network, a->unit, a->now_s, get(event, fire_buses),
                                    get(event, event_row_select), get(event, event_label));
    return status < 0 ? NUX_TRAP_EVENTS : 0;
}

int nux_access_padi_config(const nux_access *a) {
    return nux_access_register(a, &a->chip->registers.padi_config[a->unit],
                               (uint32_t)PADI_CONFIG_BITS);
}

int nux_access_stp_config(const nux_access *a) {
    return nux_access_register(a, &a->chip->registers.stp_config[a->unit], STP_CONFIG_BITS);
}

/* Bits that exist; those among them that the network knows, the others are stored here. */
static const uint32_t driver_bits[] = {0xffff, 0x3fff, 0xdf};
static const uint32_t driver_network_bits[] = {0xbe00, 0xf0, 0x10};
/* Word 0. */
static const field compare_mask = {9, 5}, enable_receiver = {15, 1};
/* Word 1: bottom (even) row, top (odd) row. */
static const field excitatory[2] = {{4, 1}, {5, 1}}, inhibitory[2] = {{6, 1}, {7, 1}};
/* Word 2. */
static const field enable_plasticity = {4, 1};

static void driver_to_word(const nux_network_driver *d, uint32_t index, uint32_t *word) {
    switch (index) {
    case 0:
        put(word, compare_mask, d->compare);
        put(word, enable_receiver, d->enabled);
        break;
    case 1:
        for (int row = 0; row < 2; row++) {
            put(word, excitatory[row], (d->row_mode[row] & NUX_NETWORK_ROW_EXCITATORY) != 0);
            put(word, inhibitory[row], (d->row_mode[row] & NUX_NETWORK_ROW_INHIBITORY) != 0);
        }
        break;
    default:
        put(word, enable_plasticity, d->plastic);
    }
}

static void driver_from_word(nux_network_driver *d, uint32_t index, uint32_t word) {
    switch (index) {
    case 0:
        d->compare = (uint8_t)get(word, compare_mask);
        d->enabled = (uint8_t)get(word, enable_receiver);
        break;
    case 1:
        for (int row = 0; row < 2; row++)
            d->row_mode[row] =
                (uint8_t)((get(word, excitatory[row]) ? NUX_NETWORK_ROW_EXCITATORY : 0) |
                          (get(word, inhibitory[row]) ? NUX_NETWORK_ROW_INHIBITORY : 0));
        break;
    default:
        d->plastic = (uint8_t)get(word, enable_plasticity);
    }
}

int nux_access_driver(const nux_access *a) {
    if (!a->chip->network)
        return NUX_TRAP_BUS;
    nux_network_driver *driver =
        &nux_network_drivers(a->chip->network)[a->unit * NUX_NUM_DRIVERS + a->index];
    uint32_t *stored = &a->chip->registers.driver[a->unit][a->index][a->word];
    uint32_t word = *stored;
    driver_to_word(driver, a->word, &word);
    nux_access_register(a, &word, driver_bits[a->word]);
    if (a->mask) {
        driver_from_word(driver, a->word, word);
        *stored = word & ~driver_network_bits[a->word];
    }
    return 0;
}

/* --- Background sources ---------------------------------------------------------------------- */

static const uint32_t background_bits[] = {0xffff0003, 0xffffffff, 0x3fffffff};
static const field source_enable = {0, 1}, source_random = {1, 1}, source_period = {16, 16};
static const field source_mask = {0, 8}, source_rate = {8, 8}, source_label = {16, 14};

static uint32_t background_to_word(const nux_network_background *b, uint32_t index) {
    uint32_t word = 0;
    if (index == 1)
        return b->seed;
    if (index == 0) {
        put(&word, source_enable, b->enable);
        put(&word, source_random, b->random);
        put(&word, source_period, b->period);
    } else {
        put(&word, source_mask, b->mask);
        put(&word, source_rate, b->rate);
        put(&word, source_label, b->label);
    }
    return word;
}

static void background_from_word(nux_network_background *b, uint32_t index, uint32_t word) {
    if (index == 1) {
        b->seed = word;
    } else if (index == 0) {
        b->enable = get(word, source_enable);
        b->random = get(word, source_random);
        b->period = get(word, source_period);
    } else {
        b->mask = get(word, source_mask);
        b->rate = get(word, source_rate);
        b->label = get(word, source_label);
    }
}

int nux_access_background(const nux_access *a) {
    nux_network_background source;
    if (!a->chip->network)
        return NUX_TRAP_BUS;
    nux_network_get_background(a->chip->network, a->index, &source);
    uint32_t word = background_to_word(&source, a->word);
    nux_access_register(a, &word, background_bits[a->word]);
    if (!a->mask)
        return 0;
    background_from_word(&source, a->word, word);
    nux_network_set_background(a->chip->network, a->index, &source);
    return 0;
}
