// SPDX-License-Identifier: BSD-3-Clause
// Vector unit of the native core. Declarations that Python sees are in cdef/vector.h.
//
// Use: decode once, then for each instruction, by kind,
//   NUX_VARITH  insn.op(state, &insn, 0);
//   NUX_VSPLAT  insn.op(state, &insn, gpr[insn.ra]);
//   NUX_VLAX    copy 128 bytes of memory at nux_vaddress() & ~3 to state->vr[insn.rt]
//   NUX_VSTAX   and back, in memory byte order
//   NUX_VINX    copy the bus vector at nux_vaddress() to state->vr[insn.rt], all of it; the
//               condition only sets the byte enables of the request
//   NUX_VOUTX   write the bytes of state->vr[insn.rt] that nux_venable() enables
#ifndef NUX_VECTOR_H
#define NUX_VECTOR_H

#include "cdef/vector.h"
#include "fxv_table.h"
#include "memory_map.h"

_Static_assert(sizeof(((nux_vstate *)0)->vr) == NUX_NUM_VECTOR_REGISTERS * NUX_VECTOR_BYTES,
               "vector registers");

// Mnemonic of a row of the instruction table.
const char *nux_vmnemonic(int index);

#endif
