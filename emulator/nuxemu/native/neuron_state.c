// SPDX-License-Identifier: BSD-3-Clause
// The neurons' state as bytes: a mark, the parameters, the state. Everything else follows from
// them.
#include "neurons.h"

#include <stdlib.h>

static const uint8_t mark[8] = "neurons1";

enum {
    PARAMETERS = sizeof mark,
    STATE = PARAMETERS + sizeof(nux_neuron_parameters),
    END = STATE + sizeof(nux_neuron_state),
};

_Static_assert(sizeof(nux_neuron_state) ==
                   (7 + 5 * NUX_NEURONS + 3 * NUX_NEURON_GROUPS) * sizeof(double) +
                       NUX_NEURONS * sizeof(int16_t),
               "no padding");

// No membrane, current or time is larger.
#define LARGEST 1e30

size_t nux_neurons_save(const nux_neurons *neurons, uint8_t *out, size_t capacity) {
    if (capacity >= END) {
        memcpy(out, mark, sizeof mark);
        memcpy(out + PARAMETERS, &neurons->parameters, sizeof neurons->parameters);
        memcpy(out + STATE, &neurons->state, sizeof neurons->state);
    }
    return END;
}

static bool values_valid(const nux_neuron_state *state) {
    const double *values = state->v_lsb;
    for (unsigned i = 0; i < 4 * NUX_NEURONS; i++)
        if (!(fabs(values[i]) <= LARGEST))
            return false;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double until = state->refractory_until_s[i];
        if (!(until == -INFINITY || (until >= 0 && until <= LARGEST)))
            return false;
    }
    return true;
}

// Each group's time, the step under way and what it waits for must follow each other.
static bool times_valid(const nux_neurons *neurons) {
    const nux_neuron_state *state = &neurons->state;
    if (!(state->now_s >= 0 && state->now_s <= LARGEST))
        return false;
    for (unsigned i = 0; i < NUX_NEURON_GROUPS; i++) {
        const nux_neuron_group *group = &neurons->derived->groups[i];
        double time = state->time_s[i], end = state->step_end_s[i], check = state->check_s[i];
        if (!(time >= 0 && time <= state->now_s && check >= time))
            return false;
        if (group->receives == 0 && !(time == 0 && check == INFINITY))
            return false;
        if (group->any_linear && !group->any_numeric && time != state->start_s)
            return false;
        if (group->any_numeric ? !(end > time && end <= LARGEST && check <= end) : end != 0)
            return false;
    }
    return true;
}

// The span of the linear groups; its lengths must let time go on.
static bool span_valid(const nux_neurons *neurons) {
    const nux_neuron_state *state = &neurons->state;
    if (!(state->start_s >= 0 && state->start_s <= state->now_s && state->end_s >= state->start_s &&
          state->span_s >= 1e-9 && state->room_s > 0 && state->room_s <= 1))
        return false;
    if (!(state->inputs >= 0 && state->inputs <= LARGEST && state->looks >= 0 &&
          state->looks <= LARGEST))
        return false;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        double until = state->refractory_until_s[i];
        bool ended = until > -INFINITY && until < state->start_s;
        if (state->room[i] < NUX_NEURON_NO_ROOM || (neurons->derived->linear_mask[i] && ended))
            return false;
    }
    return true;
}

int nux_neurons_load(nux_neurons *neurons, const uint8_t *data, size_t n) {
    if (n != END || memcmp(data, mark, sizeof mark) != 0)
        return -1;
    nux_neurons *loaded = nux_neurons_new();
    if (loaded == NULL)
        return -1;
    memcpy(&loaded->parameters, data + PARAMETERS, sizeof loaded->parameters);
    memcpy(&loaded->state, data + STATE, sizeof loaded->state);
    bool valid = nux_neurons_parameters_valid(&loaded->parameters) && values_valid(&loaded->state);
    if (valid) {
        nux_neurons_derive(loaded);
        valid = times_valid(loaded) && span_valid(loaded);
    }
    if (valid) {
        nux_neurons_find_checks(loaded);
        for (unsigned i = 0; i < NUX_NEURON_GROUPS; i++)
            if (loaded->derived->groups[i].any_numeric)
                nux_neurons_repeat_step(loaded, i);
        neurons->parameters = loaded->parameters;
        neurons->state = loaded->state;
        *neurons->derived = *loaded->derived;
        nux_neurons_schedule(neurons);
    }
    nux_neurons_free(loaded);
    return valid ? 0 : -1;
}
