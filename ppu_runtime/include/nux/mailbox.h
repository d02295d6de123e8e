// SPDX-License-Identifier: BSD-3-Clause
// Text for the host: 4 KiB at the end of the SRAM, read up to the first zero byte.
//
// What does not fit is dropped and counted in nux_mailbox_dropped, and the text ends in
// "...". A zero byte always follows the text. Every start of the program empties it.

#ifndef NUX_MAILBOX_H
#define NUX_MAILBOX_H

#include <stdint.h>

#include <nux/fxv.h>

/// Characters that did not fit.
extern uint32_t nux_mailbox_dropped;

/// One character.
void nux_mailbox_write_char(char character);
/// Text up to its zero byte.
void nux_mailbox_write_string(const char *text);
/// Decimal number.
void nux_mailbox_write_unsigned(uint32_t value);
/// Decimal number, with a minus sign if negative.
void nux_mailbox_write_signed(int32_t value);
/// Hexadecimal number of `digits` digits (1 to 8), without prefix.
void nux_mailbox_write_hex(uint32_t value, uint32_t digits);

/// The 128 or 64 lanes of a vector in decimal, with a space after each but the last.
void nux_mailbox_write_vector_u8(const nux_vector_memory *vector);
void nux_mailbox_write_vector_s8(const nux_vector_memory *vector);
void nux_mailbox_write_vector_u16(const nux_vector_memory *vector);
void nux_mailbox_write_vector_s16(const nux_vector_memory *vector);

#endif
