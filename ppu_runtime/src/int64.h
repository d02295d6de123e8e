// SPDX-License-Identifier: BSD-3-Clause
// The two words of a 64-bit number. The chip shifts modulo 32: no shift here may reach 32.

#ifndef NUX_INT64_H
#define NUX_INT64_H

#include <stdint.h>

union words {
    uint64_t whole;
    struct {
        uint32_t high, low;
    };
};

#endif
