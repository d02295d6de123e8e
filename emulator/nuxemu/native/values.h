/* SPDX-License-Identifier: BSD-3-Clause */
/* Follows the values of registers through a stretch of plain code, as far as additions, shifts
 * and masks go, to know addresses and operands before the code runs. */
#ifndef NUX_VALUES_H
#define NUX_VALUES_H
#include "processor.h"

enum { NO_REGISTER = 32 };

/* A register's value: first << first_shift + second << second_shift + offset + rest, in terms
 * of the registers at the start of the block; the rest is not known, but at most `slack`, and
 * zero in the bits `clear`. */
typedef struct {
    uint8_t known, first, second, first_shift, second_shift;
    uint32_t offset, slack, clear;
} nux_value;

/* What must hold of a value before the engine may execute an instruction: the bytes
 * [v, v + size) lie in [floor, limit), and v is a multiple of size. */
typedef struct {
    bool needed;
    nux_value v;
    uint32_t size, floor, limit; /* limit 0: 2^32 */
    bool stack;                  /* an access through r1 */
} nux_check;

/* Every register has the value that it has here. */
void nux_values_reset(nux_value registers[32]);
/* After one engine-executed instruction. */
void nux_values_follow(const nux_decoded *d, nux_value registers[32]);
nux_check nux_check_of(const nux_processor *p, const nux_decoded *d, const nux_value registers[32]);
/* False: it does not follow from registers, or cannot hold. */
bool nux_can_check(const nux_check *c);
/* An instruction that the engine may have to be checked for. */
bool nux_is_checked(const nux_decoded *d);
bool nux_is_byte_load(const nux_decoded *d);
nux_value nux_address_of(const nux_decoded *d, const nux_value registers[32]);
/* Address of a load or store, with the registers' present values. False: it does not follow from
 * them alone, and is up to the slack of nux_address_of beyond. */
bool nux_address_now(const nux_processor *p, const nux_decoded *d, const nux_value registers[32],
                     uint32_t *address);

#endif
