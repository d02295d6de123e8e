// SPDX-License-Identifier: BSD-3-Clause
// Background sources of the chip (haldls background.h): every period an event or, in random mode,
// one with probability rate / 255 whose label has random bits.
//
// The first period begins when the source is enabled, which also loads the seed. A new period
// counts from the next reload on. Every bin takes 16 random bits, a function of seed and bin: 8
// to compare with the rate, from 1 to 255, and 8 for the label. (The chip's own generator is not
// public; the model's sequence differs from it.)
#include "network.h"

#include "splitmix.h"

enum { RATE_MAX = 255, LABEL_BITS = 6, ROW_SELECT_MASK = 0x1f };

static uint64_t period_ticks(const background_state *source) {
    return source->config.period == 0 ? 1 : source->config.period;
}

static uint64_t draw(const background_state *source, uint64_t bin) {
    return nux_random64(source->seed, bin);
}

static bool bin_fires(const background_state *source, uint64_t bin) {
    if (!source->config.random)
        return true;
    return 1 + (uint32_t)(draw(source, bin) >> 32) % RATE_MAX <= source->config.rate;
}

// Ticks from the last bin counted to the nth one behind it, n > 0.
static uint64_t ticks_to(const background_state *source, uint64_t n) {
    return source->first + (n - 1) * period_ticks(source);
}

static double time_of(const background_state *source, uint64_t n) {
    uint64_t ticks = source->ticks + ticks_to(source, n);
    return source->anchor_s + (double)ticks * NUX_NETWORK_TICK_S;
}

// Look for the next bin that fires.
static void look_ahead(background_state *source) {
    source->ahead = 0;
    source->next_s = INFINITY;
    if (!source->config.enable || (source->config.random && source->config.rate == 0))
        return;
    do {
        source->ahead++;
        source->next_s = time_of(source, source->ahead);
    } while (!bin_fires(source, source->bins + source->ahead - 1) &&
             source->next_s <= NUX_NETWORK_LAST_S);
}

// Count n bins; the next one has the period as it is now.
static void pass_bins(background_state *source, uint64_t n) {
    if (n == 0)
        return;
    source->ticks += ticks_to(source, n);
    source->bins += n;
    source->first = period_ticks(source);
}

// Bins up to and including now.
static uint64_t bins_until(const background_state *source, double now_s) {
    if (!(time_of(source, 1) <= now_s))
        return 0;
    double ticks = (now_s - time_of(source, 1)) / NUX_NETWORK_TICK_S;
    uint64_t n = 1 + (uint64_t)(ticks / (double)period_ticks(source));
    while (n > 1 && time_of(source, n) > now_s)
        n--;
    while (time_of(source, n + 1) <= now_s)
        n++;
    return n;
}

background_state nux_background_at(const background_state *source, double now_s) {
    background_state settled = *source;
    if (settled.config.enable)
        pass_bins(&settled, bins_until(&settled, now_s));
    look_ahead(&settled);
    return settled;
}

void nux_backgrounds_restart(nux_hemisphere *of) {
    of->background_next_s = INFINITY;
    for (unsigned i = 0; i < NUX_NETWORK_BUSES; i++)
        of->background_next_s = fmin(of->background_next_s, of->backgrounds[i].next_s);
}

void nux_backgrounds_fire(nux_hemisphere *of) {
    unsigned bus = 0;
    while (of->backgrounds[bus].next_s != of->background_next_s)
        bus++;
    background_state *source = &of->backgrounds[bus];
    double t = source->next_s;
    pass_bins(source, source->ahead);
    uint32_t label = source->config.label;
    if (source->config.random) {
        uint32_t bits = (uint32_t)draw(source, source->bins - 1);
        label = (label & ~source->config.mask) | (bits & source->config.mask);
    }
    look_ahead(source);
    nux_backgrounds_restart(of);
    nux_network_bus_event(of, 1u << bus, label >> LABEL_BITS & ROW_SELECT_MASK,
                          label % NUX_NETWORK_LABELS, t);
}

static bool valid_config(const nux_network_background *config) {
    return config->enable <= 1 && config->random <= 1 && config->period <= 0xffff &&
           config->rate <= RATE_MAX && config->mask <= 0xff && config->label <= 0x3fff;
}

// What look_ahead() finds from here must be what the state says.
bool nux_background_valid(const background_state *state, double now_s) {
    if (!valid_config(&state->config) || state->reserved != 0 ||
        !(state->anchor_s >= 0 && state->anchor_s <= now_s) || state->first > 0xffff ||
        (state->config.enable && state->first == 0))
        return false;
    uint64_t most_ticks = (uint64_t)NUX_NETWORK_LAST_S * NUX_NETWORK_TICK_HZ * 2;
    if (state->ticks > most_ticks || state->bins > most_ticks)
        return false;
    background_state again = *state;
    look_ahead(&again);
    return again.ahead == state->ahead && again.next_s == state->next_s && again.next_s >= now_s;
}

int nux_network_set_background(nux_network *network, unsigned index,
                               const nux_network_background *config) {
    if (index >= BACKGROUNDS || !valid_config(config))
        return NUX_NETWORK_OUT_OF_RANGE;
    nux_hemisphere *of = &network->hemispheres[index / NUX_NETWORK_BUSES];
    background_state *source = &of->backgrounds[index % NUX_NETWORK_BUSES];
    bool was_enabled = source->config.enable;
    *source = nux_background_at(source, of->now_s);
    source->config = *config;
    if (config->enable && !was_enabled) {
        source->seed = config->seed;
        source->anchor_s = of->now_s;
        source->ticks = source->bins = 0;
        source->first = period_ticks(source);
    } else if (!config->enable) {
        *source = (background_state){.config = *config};
    }
    look_ahead(source);
    nux_backgrounds_restart(of);
    return 0;
}

void nux_network_get_background(const nux_network *network, unsigned index,
                                nux_network_background *config) {
    index %= BACKGROUNDS;
    *config = network->hemispheres[index / NUX_NETWORK_BUSES]
                  .backgrounds[index % NUX_NETWORK_BUSES]
                  .config;
}
