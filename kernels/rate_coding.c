// SPDX-License-Identifier: BSD-3-Clause
//
// A picture in firing rates: invocation k gives the synapses of presynaptic neuron i the weight
// image[i][k], column after column of the picture, and begins again after the last one.
//
// For one-to-one projections of up to IMAGE_HEIGHT neurons. A row is written in all columns of the
// projection: its unconnected synapses listen to no event, so their weights do nothing.

#include <nux/rule.h>

enum { IMAGE_HEIGHT = 64, IMAGE_WIDTH = 64 };

NUX_PARAMETERS((uint8_t, image[IMAGE_HEIGHT * IMAGE_WIDTH], 0, 0, 63, "LSB"))
NUX_OBSERVABLES((array, uint8_t, column[IMAGE_HEIGHT], "LSB"))

void rule(const nux_call *call) {
    const nux_projection *projection = &call->projection[0];
    nux_row mask = nux_projection_mask(projection);
    for (uint32_t i = 0; i < projection->rows && i < IMAGE_HEIGHT; i++) {
        uint8_t weight = parameters.image[i * IMAGE_WIDTH + call->index % IMAGE_WIDTH];
        nux_vector lanes = fxvsplatb(weight);
        nux_set_weights_masked(projection->row[i], (nux_row){lanes, lanes}, mask);
        observables.column[i] = weight;
    }
}
