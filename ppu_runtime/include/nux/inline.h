// SPDX-License-Identifier: BSD-3-Clause
// Functions that are always a part of the caller: messages and profiles name the line that calls.

#ifndef NUX_INLINE_H
#define NUX_INLINE_H

#define NUX_INTRINSIC static inline __attribute__((always_inline, artificial, unused))

#endif
