/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the cycles go. Each cycle is counted once: those of plain blocks by how often a block was
 * entered in a state (its visits), which is distributed over the instructions when the visits are
 * dropped or the host asks; all others where they pass. Calls are for a profiled processor. */
#ifndef NUX_PROFILE_H
#define NUX_PROFILE_H
#include "cdef/profile.h"
#include "processor.h"

void nux_profile_free(nux_processor *);
/* Forgets all counts, and begins at the present cycle. */
void nux_profile_clear(nux_processor *);
/* Distributes what visits counted. Before they, or the decoded words, are dropped. */
void nux_profile_fold(nux_processor *);
/* The first instructions of a block that was left ran once. */
void nux_profile_part(nux_processor *, const nux_visit *, uint32_t instructions);
/* Cycles that visits have counted were added to the processor's. */
void nux_profile_counted(nux_processor *, uint64_t cycles);
/* Cycles that passed since the last call belong to this place, with no instruction. */
void nux_profile_gap(nux_processor *, uint32_t pc, int cause);
/* A native instruction ran: its cycles are those since the last call. */
void nux_profile_instruction(nux_processor *, const nux_decoded *, uint32_t pc);
/* A vector instruction began an access. */
void nux_profile_access(nux_processor *, const nux_vinsn *, uint32_t address,
                        const nux_vector_access *);
#endif
