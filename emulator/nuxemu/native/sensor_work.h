// SPDX-License-Identifier: BSD-3-Clause
// Spikes on their way to the sensors of both arrays, which neurons do not depend on: a helper
// thread takes part in that work where there is a second processor.
#ifndef NUX_SENSOR_WORK_H
#define NUX_SENSOR_WORK_H

#include "cdef/array.h"

typedef struct nux_sensor_work nux_sensor_work;

nux_sensor_work *nux_sensor_work_new(nux_array *const array[2]); // NULL without memory
void nux_sensor_work_free(nux_sensor_work *work);

// To be called after a fork.
void nux_sensor_work_begin(nux_sensor_work *work);
// A spike of one array, label -1 for a postsynaptic one; times never decrease.
void nux_sensor_work_add(nux_sensor_work *work, unsigned hemisphere, nux_array_spike spike);
// Until all spikes have been processed (nux_array_catch_up: those of one array), nothing else may
// touch the sensors.
void nux_sensor_work_finish(nux_sensor_work *work);

#endif
