/* SPDX-License-Identifier: BSD-3-Clause */
/* Native execution of scalar instructions, as the chip does them.
 *
 * Used where the chip differs from the engine (divide, shifts, SPRs, MSR, interrupts, traps),
 * for loads and stores whose address could not be checked beforehand, and for the plain
 * instruction before a loop head when the engine's block must end there.
 */
#include "cycles.h"
#include "fields.h"
#include "flags.h"
#include "processor.h"
#include "scalar_table.h"

bool nux_execute_scalar(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    p->resume_pc = pc + 4;
    if (nux_is_memory(d))
        return nux_execute_load_store(p, d, pc);
    return nux_execute_alu(p, d, pc) || nux_execute_system(p, d, pc);
}

/* A bcctr that decrements: the chip compares CTR with 1, but does not write it. */
static bool branch_to_count(nux_processor *p, uint32_t w, uint32_t pc) {
    uint32_t bo = RT(w);
    bool counted = (*p->ctr != 1) != (bo >> 1 & 1);
    bool condition = bo & 16 || cr_bit(p, RA(w)) == (bo >> 3 & 1);
    uint32_t target = *p->ctr & ~3u;
    if (w & 1)
        *p->lr = pc + 4;
    if (!counted || !condition)
        return true;
    p->cycles += NUX_CYCLES_BRANCH_MISS;
    nux_pipe_jump(&p->timing.pipe);
    p->resume_pc = target;
    return false;
}

/* Hardware mode: no register is written, except that mfspr of a register that does not exist,
 * or can only be written, reads 0, and that words with primary opcode 31 leave the flags of RA + RB
 * where their OE and Rc bits ask for it. False: leave the block at resume_pc. */
bool nux_execute_undefined(nux_processor *p, const nux_decoded *d, uint32_t pc) {
    enum { XO_WAIT = 62, XO_ECIWX = 310, XO_ECOWX = 438 };
    uint32_t w = d->word, xo = w >> 1 & 0x3ff;
    nux_report(p, pc, NUX_SITE_UNDEFINED);
    p->resume_pc = pc + 4;
    if (d->id == NUX_S_BCCTR)
        return branch_to_count(p, w, pc);
    if (d->id == NUX_S_MFSPR)
        p->gpr[RT(w)] = 0;
    if (w >> 26 != 31 || d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR)
        return true;
    uint32_t a = p->gpr[RA(w)], b = p->gpr[RB(w)], sum = a + b;
    bool overflow = (~(a ^ b) & (a ^ sum)) >> 31;
    if (HAS_OE(w))
        set_overflow(p, overflow);
    if (HAS_RC(w) && xo != XO_WAIT && xo != XO_ECIWX && xo != XO_ECOWX)
        record(p, sum);
    return true;
}
