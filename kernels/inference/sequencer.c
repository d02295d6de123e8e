// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a network on the processor alone.
//
// The host writes the description and the weights once. Then it writes an input into the
// workspace, starts the processor, and reads a class, or what else the last layer gives.

#include <nux/nux.h>

#include "description.h"
#include "kernels.h"
#include "multiply.h"

#ifndef WORKSPACE_SIZE
#define WORKSPACE_SIZE 6400
#endif

// Return codes of start().
enum sequencer_status {
    SEQUENCER_DONE = 0,
    SEQUENCER_BAD_MAGIC = 1,
    SEQUENCER_BAD_VERSION = 2,
    SEQUENCER_BAD_SIZE = 3,
    SEQUENCER_BAD_OPERATION = 4
};

// Description and values.
_Alignas(8) uint8_t workspace[WORKSPACE_SIZE];

// Result of the last argmax.
volatile uint32_t network_class;

// Cycles that each operation of the last run took.
volatile uint32_t operation_cycles[MAX_OPERATIONS];

static bool perform(const network_operation *o) {
    int8_t *target = (int8_t *)workspace + o->target;
    const int8_t *source = (const int8_t *)workspace + o->source;
    uint8_t *other = workspace + o->other;
    const pool_shape shape = {o->channels,     o->height,        o->width,       o->kernel_height,
                              o->kernel_width, o->stride_height, o->stride_width};
    switch (o->kind) {
    case MULTIPLY:
        multiply(target, (const uint8_t *)source, other, o);
        return true;
    case RELU:
        relu(target, source, o->count);
        return true;
    case CONVERTING_RELU:
        converting_relu((uint8_t *)target, source, o->count, (uint32_t)o->parameter);
        return true;
    case REQUANTISE:
        requantise(target, source, o->count, o->parameter);
        return true;
    case ADD:
        add(target, source, (const int8_t *)other, o->count);
        return true;
    case MAX_POOL:
        max_pool(target, source, &shape);
        return true;
    case MEAN_POOL:
        mean_pool(target, source, &shape);
        return true;
    case MAX_MIN_POOL:
        max_min_pool((uint8_t *)target, source, &shape, (uint32_t)o->parameter);
        return true;
    case ARGMAX:
        network_class = argmax(source, o->count);
        return true;
    }
    return false;
}

int start(void) {
    const network_header *header = (const network_header *)workspace;
    if (header->magic != DESCRIPTION_MAGIC) {
        return SEQUENCER_BAD_MAGIC;
    }
    if (header->version != DESCRIPTION_VERSION) {
        return SEQUENCER_BAD_VERSION;
    }
    uint32_t records = header->num_operations * sizeof(network_operation);
    if (header->num_operations > MAX_OPERATIONS || header->size > WORKSPACE_SIZE ||
        header->size != sizeof *header + records) {
        return SEQUENCER_BAD_SIZE;
    }
    prepare_multiply();
    const network_operation *operation = (const network_operation *)(header + 1);
    for (uint32_t i = 0; i < header->num_operations; i++) {
        uint32_t begin = nux_time_base_low();
        if (!perform(operation + i)) {
            return SEQUENCER_BAD_OPERATION;
        }
        operation_cycles[i] = nux_time_base_low() - begin;
    }
    return SEQUENCER_DONE;
}
