// SPDX-License-Identifier: BSD-3-Clause
// Events of the chip: input trains, sources, row drivers, routing, spikes out. Plain declarations
// only: cffi reads this file too. Times are hardware time in seconds.
#ifndef NUX_CDEF_NETWORK_H
#define NUX_CDEF_NETWORK_H

#include "array.h"
#include "neurons.h"

#include <stddef.h>
#include <stdint.h>

enum nux_network_limits {
    NUX_NETWORK_NEURONS = 512, // hemisphere * 256 + column
    NUX_NETWORK_DRIVERS = 128, // of a hemisphere; driver d drives rows 2 d and 2 d + 1
    NUX_NETWORK_BUSES = 4,     // of a hemisphere; driver d listens to bus d % 4 as number d / 4
    NUX_NETWORK_LABELS = 64,
    NUX_NETWORK_BACKGROUNDS = 8,       // source s fires on bus s % 4 of hemisphere s / 4
    NUX_NETWORK_IN_FLIGHT = 524288,    // events under way to one hemisphere, 32 bytes each
    NUX_NETWORK_ROUTED_BURST = 131072, // routed events at once, see below
    NUX_NETWORK_TICK_HZ = 125000000,   // clock of the event buses
};

// Why a call was refused.
enum nux_network_status {
    NUX_NETWORK_OUT_OF_RANGE = -1, // a row, label, neuron or parameter
    NUX_NETWORK_TIME = -2,         // a time that is not finite or has been passed
    NUX_NETWORK_NO_MEMORY = -3,
    NUX_NETWORK_UNKNOWN = -4, // no source of this id
    NUX_NETWORK_FULL = -5,    // too many events in flight
};

// To which synaptic inputs a row is connected: bits as in the driver's register.
enum nux_network_row_mode {
    NUX_NETWORK_ROW_DISABLED = 0,
    NUX_NETWORK_ROW_EXCITATORY = 1,
    NUX_NETWORK_ROW_INHIBITORY = 2,
    NUX_NETWORK_ROW_BOTH = 3,
};

// One driver. All fields but the state are configuration, may be changed at any time and count
// from the next event on. Of the chip's register (haldls synapse_driver.cpp): enabled is
// en_receiver, plastic en_stp, compare row_address_compare_mask; row_mode holds en_exc in bit 0 and
// en_inh in bit 1, [0] of "bottom", the even row, [1] of "top".
typedef struct {
    double utilisation; // U, 0 < U <= 1
    double tau_rec_s;   // recovery; 0: at once
    double tau_fac_s;   // facilitation; 0: none
    // State of the short-term plasticity behind the last event.
    double available;    // R, share of resources
    double used;         // u, share that the last event used; 0 before the first
    double last_s;       // time of the last event
    uint8_t enabled;     // receives events
    uint8_t plastic;     // short-term plasticity is on
    uint8_t compare;     // bits of the row select address that must be equal (5 bits)
    uint8_t row_mode[2]; // of the even ("bottom") and the odd ("top") row
    uint8_t reserved[3]; // 0
} nux_network_driver;

// A target of routing or of a source.
typedef struct {
    uint16_t row;
    uint8_t hemisphere;
    uint8_t label;
} nux_network_target;

// A source of events to one or more targets at once.
enum nux_network_source_kind { NUX_NETWORK_POISSON = 0, NUX_NETWORK_REGULAR = 1 };
typedef struct {
    double rate_hz;  // Poisson
    double period_s; // regular: events at start_s + k * period_s
    double start_s;
    double stop_s; // no events from here on; may be infinite
    uint64_t seed; // Poisson
    uint32_t kind;
    uint32_t reserved; // 0
} nux_network_source;

// Registers of a background source (haldls background.cpp): word 0 {enable, random, period},
// word 1 seed, word 2 {mask, rate, label}.
typedef struct {
    uint32_t enable;
    uint32_t random; // 0: one event a period; 1: with probability rate / 255
    uint32_t period; // 16 bits, ticks of 8 ns; 0 counts as 1
    uint32_t rate;   // 8 bits; 0: never
    uint32_t seed;
    uint32_t mask;  // 8 bits of the label that are random
    uint32_t label; // 14 bits: [5:0] event label, [10:6] row select address, rest unused
} nux_network_background;

// What happened, since the network was made.
typedef struct {
    uint64_t row_events; // that reached a row's synapses
    uint64_t spikes;     // of neurons
    uint64_t routed;     // events scheduled by routing
    uint64_t dropped;    // events that routing had to drop
    uint64_t unrecorded; // spikes and events that found no memory to be recorded in
} nux_network_counts;

typedef struct nux_network nux_network;

// A network between the arrays and neurons of both hemispheres, which must outlive it, from the
// latest of their times on. Time passes for them through the network only. NULL without memory.
nux_network *nux_network_new(nux_array *const array[2], nux_neurons *const neurons[2]);
void nux_network_free(nux_network *);

// Time reached, by the hemisphere that is further if they differ: they do between the steps of a
// chip of which both processors are at work.
double nux_network_now(const nux_network *);
// Everything up to and including until_s; a time that has been passed does nothing.
void nux_network_advance(nux_network *, double until_s);

// Row events to come, in any order; at equal times they keep the order in which they were pushed.
// All or none are taken: 0 or a negative status. None may be before the time reached.
int nux_network_push_rows(nux_network *, size_t n, const double *time_s, const uint8_t *hemisphere,
                          const uint16_t *row, const uint8_t *label);
size_t nux_network_pending(const nux_network *); // pushed row events still to come
// Event on the buses in bus_mask (4 bits), as from the injection register, at time t: at once if it
// has been passed. 0 or a negative status.
int nux_network_inject(nux_network *, unsigned hemisphere, double t, unsigned bus_mask,
                       unsigned row_select, unsigned label);
size_t nux_network_in_flight(const nux_network *); // routed and injected events under way

// The drivers, [hemisphere][driver].
nux_network_driver *nux_network_drivers(nux_network *);

// Routing: a spike of neuron n becomes events at targets first[n] .. first[n + 1] - 1, each after
// its delay (at least one tick of the event buses, 8 ns). Events under way stay. The neurons of
// each hemisphere send at most NUX_NETWORK_TICK_HZ events per second on each of its four buses, and
// NUX_NETWORK_ROUTED_BURST at once; what exceeds that is dropped and counted. Returns 0 or a
// negative status.
int nux_network_set_routing(nux_network *, const uint32_t first[513],
                            const nux_network_target *target, const double *delay_s);
size_t nux_network_connections(const nux_network *);
void nux_network_get_routing(const nux_network *, uint32_t first[513], nux_network_target *target,
                             double *delay_s);

// Sources. Add returns an id > 0, or a negative status. Set replaces the parameters from now on.
int64_t nux_network_add_source(nux_network *, const nux_network_source *source, size_t n,
                               const nux_network_target *targets);
int nux_network_set_source(nux_network *, int64_t id, const nux_network_source *source);
int nux_network_get_source(const nux_network *, int64_t id, nux_network_source *source);
int nux_network_remove_source(nux_network *, int64_t id);

// Background sources. To set one acts at the time reached: advance first. 0 or a negative status.
int nux_network_set_background(nux_network *, unsigned index, const nux_network_background *);
void nux_network_get_background(const nux_network *, unsigned index, nux_network_background *);

// Spike counters: count modulo 256 in bits 0 to 7, bit 8 once it has passed 255.
uint32_t nux_network_counter(const nux_network *, unsigned hemisphere, unsigned column);
void nux_network_counter_reset(nux_network *, unsigned hemisphere, unsigned column);
nux_network_counts nux_network_statistics(const nux_network *);

// Recording: spikes of neurons (line 0 to 511) and row events (line hemisphere * 256 + row).
typedef struct {
    double time_s;
    uint16_t line;
    uint16_t label;    // of a row event; 0 for a spike
    uint32_t reserved; // 0
} nux_network_record;
enum nux_network_recording { NUX_NETWORK_SPIKES = 0, NUX_NETWORK_EVENTS = 1 };
void nux_network_record_on(nux_network *, int which, int on); // spikes are on at first
int nux_network_is_recorded(const nux_network *, int which);
size_t nux_network_recorded(const nux_network *, int which);
void nux_network_read_recorded(const nux_network *, int which, nux_network_record *out);
void nux_network_clear_recorded(nux_network *, int which);

// State: all that is above and all events under way, byte by byte the same for equal states. Save
// returns the bytes needed, and writes them if capacity suffices. Load returns 0, or -1 if the
// bytes are not a state or there is no memory; nothing has changed then.
size_t nux_network_save(const nux_network *, uint8_t *out, size_t capacity);
int nux_network_load(nux_network *, const uint8_t *data, size_t n);

#endif
