// SPDX-License-Identifier: BSD-3-Clause
// For tests of functions: what programs need and these sources may not have.

#include <nux/rule.h>

__attribute__((weak)) int start(void) { return 0; }

// Of a rule without experiment: nothing is recorded.
__attribute__((weak)) nux_recording nux_rule_recording;
