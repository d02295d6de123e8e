// SPDX-License-Identifier: BSD-3-Clause
// All of the on-chip library: #include <nux/nux.h>
//
// A kernel is a function `int start(void)`; what it returns is the return code.

#ifndef NUX_NUX_H
#define NUX_NUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <nux/barrier.h>
#include <nux/bus.h>
#include <nux/byte_swap.h>
#include <nux/exit.h>
#include <nux/extmem.h>
#include <nux/fxv.h>
#include <nux/interrupt.h>
#include <nux/location.h>
#include <nux/mailbox.h>
#include <nux/memory_map.h>
#include <nux/neuron.h>
#include <nux/pins.h>
#include <nux/random.h>
#include <nux/spike.h>
#include <nux/synapse.h>
#include <nux/time.h>
#include <nux/timer.h>
#include <nux/vector.h>

int start(void);

#endif
