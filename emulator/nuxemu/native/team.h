// SPDX-License-Identifier: BSD-3-Clause
// Two hemispheres at work at once, where the host has a second processor.
#ifndef NUX_TEAM_H
#define NUX_TEAM_H

#include <stdbool.h>

// Work of one hemisphere up to the end of step k, counted from 0; true: no more steps.
typedef bool nux_step(void *, unsigned hemisphere, unsigned k);
// What the other one has sent in step k comes to a hemisphere.
typedef void nux_meeting(void *, unsigned hemisphere, unsigned k);

enum {
    NUX_TEAM_STEPS = 64, // most steps at a time
    NUX_APART = 128,     // bytes between what two threads write: two lines of the cache
};

// Does up to n steps: both hemispheres work through one, then they meet. It ends behind the first
// step that was the last one for any. Both are done by the calling thread if `together` is false or
// no other thread is free; it makes no difference to the result. Returns the steps done.
unsigned nux_team_run(nux_step *step, nux_meeting *meet, void *user, unsigned n, bool together);

#endif
