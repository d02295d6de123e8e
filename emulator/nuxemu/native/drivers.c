// SPDX-License-Identifier: BSD-3-Clause
// Row drivers: which rows an event reaches, with which sign, and how strong it is.
//
// Driver d of a hemisphere is number d / 4 on bus d % 4 and drives row 2 d ("bottom") and row
// 2 d + 1 ("top") (halco synapse_driver.cpp, synapse.cpp). It takes an event whose row select
// address equals its number in the bits of its compare mask (haldls synapse_driver.h).
//
// Short-term plasticity (Tsodyks, Pawelzik, Markram 1998) with resources R and use u, both at rest
// before the first event; at each event
//
//   u = U + (1 - U) u' exp(-dt / tau_fac)          (u' of the last event; U without facilitation)
//   R = 1 - (1 - R' + u' R') exp(-dt / tau_rec)    (R' of the last event)
//
// and its amplitude is u R / U: 1 for an event from rest, so that weights keep their meaning.
#include "network.h"

#include "lanes.h"

// exp(-t / tau) = 2^(-t * LOG2_E / tau).
#define LOG2_E 0x1.71547652b82fep+0

void nux_driver_init(nux_network_driver *driver) {
    *driver = (nux_network_driver){
        .utilisation = 0.5,
        .tau_rec_s = 0,
        .tau_fac_s = 0,
        .available = 1,
        .used = 0,
        .last_s = 0,
        .enabled = 1,
        .plastic = 0,
        .compare = 0x1f,
        .row_mode = {NUX_NETWORK_ROW_EXCITATORY, NUX_NETWORK_ROW_EXCITATORY},
    };
}

bool nux_driver_valid(const nux_network_driver *driver) {
    return driver->utilisation > 0 && driver->utilisation <= 1 && driver->tau_rec_s >= 0 &&
           driver->tau_rec_s < INFINITY && driver->tau_fac_s >= 0 && driver->tau_fac_s < INFINITY &&
           driver->available >= 0 && driver->available <= 1 && driver->used >= 0 &&
           driver->used <= 1 && driver->last_s >= 0 && driver->last_s <= NUX_NETWORK_LAST_S &&
           driver->enabled <= 1 && driver->plastic <= 1 && driver->compare < 32 &&
           driver->row_mode[0] <= NUX_NETWORK_ROW_BOTH &&
           driver->row_mode[1] <= NUX_NETWORK_ROW_BOTH && driver->reserved[0] == 0 &&
           driver->reserved[1] == 0 && driver->reserved[2] == 0;
}

static double decay(double time_s, double tau_s) {
    if (tau_s == 0)
        return 0;
    return nux_exp2(nux_splat(-time_s * LOG2_E / tau_s))[0];
}

double nux_driver_amplitude(nux_network_driver *driver, double t) {
    if (!driver->plastic)
        return 1;
    double utilisation = driver->utilisation, since_s = t - driver->last_s;
    double missing = 1 - driver->available * (1 - driver->used);
    double use = driver->used * decay(since_s, driver->tau_fac_s);
    driver->available = 1 - missing * decay(since_s, driver->tau_rec_s);
    driver->used = utilisation + (1 - utilisation) * use;
    driver->last_s = t;
    return driver->used * driver->available / utilisation;
}

static void to_both_rows(nux_hemisphere *of, unsigned index, unsigned label, double t) {
    nux_network_driver *driver = &of->drivers[index];
    if (!driver->enabled)
        return;
    double amplitude = nux_driver_amplitude(driver, t);
    for (unsigned side = 0; side < 2; side++) {
        nux_network_target target = {(uint16_t)(2 * index + side), (uint8_t)of->index,
                                     (uint8_t)label};
        nux_network_drive_row(of, target, t, amplitude);
    }
}

void nux_network_bus_event(nux_hemisphere *of, unsigned bus_mask, unsigned row_select,
                           unsigned label, double t) {
    for (unsigned index = 0; index < DRIVERS; index++) {
        unsigned bus = index % NUX_NETWORK_BUSES, number = index / NUX_NETWORK_BUSES;
        unsigned compare = of->drivers[index].compare;
        if ((bus_mask >> bus & 1) && ((row_select ^ number) & compare) == 0)
            to_both_rows(of, index, label, t);
    }
}

void nux_network_row_event(nux_hemisphere *of, nux_network_target target, double t) {
    nux_network_driver *driver = &of->drivers[target.row / 2];
    if (driver->enabled)
        nux_network_drive_row(of, target, t, nux_driver_amplitude(driver, t));
}

nux_network_driver *nux_network_drivers(nux_network *network) { return network->drivers[0]; }
