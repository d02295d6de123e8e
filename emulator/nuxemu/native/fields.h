/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of an instruction word. */
#ifndef NUX_FIELDS_H
#define NUX_FIELDS_H

#define RT(w) ((w) >> 21 & 31)
#define RA(w) ((w) >> 16 & 31)
#define RB(w) ((w) >> 11 & 31)
#define SI(w) ((uint32_t)(int32_t)(int16_t)(w)) /* immediate, sign-extended */
#define UI(w) ((w) & 0xffffu)
#define SPR(w) (((w) >> 16 & 31) | ((w) >> 6 & 0x3e0)) /* its halves are swapped */

#endif
