// SPDX-License-Identifier: BSD-3-Clause
// Time that 256 linear neurons take per event, without anything around them.
// Arguments: events per second and row, spread of rates and charges, charge per weight, events.
#include "neurons.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 256 };

static double uniform(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static double varied(double value, double spread) {
    double sum = -6;
    for (unsigned i = 0; i < 12; i++)
        sum += uniform();
    return value * (1 + spread * sum);
}

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int count, char **arguments) {
    if (count != 5)
        return 1;
    double rate = atof(arguments[1]), spread = atof(arguments[2]), charge = atof(arguments[3]);
    unsigned events = (unsigned)atoi(arguments[4]);
    nux_neurons *neurons = nux_neurons_new();
    double *times = malloc(events * sizeof *times);
    uint8_t *rows = malloc(events);
    if (neurons == NULL || times == NULL || rows == NULL)
        return 1;
    nux_neuron_parameters *parameters = &neurons->parameters;
    for (unsigned i = 0; i < NUX_NEURONS; i++) {
        parameters->enabled[i] = 1;
        parameters->tau_mem_s[i] = varied(20e-6, spread);
        parameters->tau_syn_exc_s[i] = varied(5e-6, spread);
        parameters->tau_syn_inh_s[i] = varied(5e-6, spread);
        parameters->charge_exc_lsb[i] = varied(charge, spread);
        parameters->charge_inh_lsb[i] = varied(charge, spread);
    }
    nux_neurons_update_parameters(neurons, 0);
    static uint8_t weights[ROWS][NUX_NEURONS], match[NUX_NEURONS];
    memset(match, 0xff, sizeof match);
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned i = 0; i < NUX_NEURONS; i++)
            weights[row][i] = (uint8_t)(uniform() * 64);
    double now = 0;
    for (unsigned i = 0; i < events; i++) {
        times[i] = now += -log(1 - uniform()) / (rate * ROWS);
        rows[i] = (uint8_t)(uniform() * ROWS);
    }
    uint16_t columns[NUX_NEURONS];
    unsigned long spikes = 0, steps = 0;
    double begin = cpu_s();
    for (unsigned i = 0; i < events; i++) {
        for (; nux_neurons_next(neurons) < times[i]; steps++)
            spikes += nux_neurons_step(neurons, nux_neurons_next(neurons), columns);
        nux_neurons_input(neurons, times[i], weights[rows[i]], match, rows[i] % 5 == 4, 1, columns);
    }
    double taken = cpu_s() - begin;
    printf("%.0f %.2f %.2f\n", 1e9 * taken / events, (double)spikes / events,
           (double)steps / events);
    free(rows);
    free(times);
    nux_neurons_free(neurons);
    return 0;
}
