// SPDX-License-Identifier: BSD-3-Clause
// Vector unit: state, decoded instructions, execution. Read by cffi and by C.
#ifndef NUX_CDEF_VECTOR_H
#define NUX_CDEF_VECTOR_H
#include <stdint.h>

typedef struct {
    // Registers in memory byte order: lane 0 first, halfwords big-endian.
    uint8_t vr[32][128];
    // One per halfword element; byte instructions keep the even byte's accumulator in the
    // upper half, the odd one's in the lower.
    uint32_t acc[64];
    // Condition of each byte lane: 0 none, 1 greater, 2 less, 3 equal.
    uint8_t vcr[128];
} nux_vstate;

enum nux_vkind {
    NUX_VARITH,
    NUX_VSPLAT, // needs GPR[ra]
    NUX_VLAX,   // memory and bus instructions are done by the caller:
    NUX_VSTAX,  // address (RA|0) + RB, for NUX_VINX and NUX_VOUTX also cond
    NUX_VINX,
    NUX_VOUTX,
};

// Where an instruction executes.
enum nux_vunit {
    NUX_UNIT_ARITH,
    NUX_UNIT_COMPARE,
    NUX_UNIT_MEMORY,
    NUX_UNIT_BUS,
    NUX_UNIT_PERMUTE,
};

typedef struct nux_vinsn {
    // Executes a NUX_VARITH or NUX_VSPLAT instruction; null for the others. `scalar` is
    // GPR[ra] for splats, ignored otherwise.
    void (*op)(nux_vstate *state, const struct nux_vinsn *insn, uint32_t scalar);
    uint8_t kind;
    uint8_t rt, ra, rb;
    uint8_t cond;
    // Pack size, 0 to 3.
    uint8_t size;
    // Signed shift amount, -16 to 15.
    int8_t shift;
    // Row in the instruction table.
    uint8_t index;
    // For timing: enum nux_vunit, vector registers read and written, use of the condition.
    uint8_t unit, reads, writes, reads_condition;
} nux_vinsn;

// Lane arithmetic: the best the machine has, or the portable one (for tests).
enum nux_vlanes { NUX_LANES_BEST, NUX_LANES_PORTABLE };

// Chooses the lane arithmetic of instructions decoded from now on. Returns 1 if they use
// AVX2, else 0.
int nux_vselect_lanes(enum nux_vlanes lanes);

// Decodes a word. Returns 1 and fills `insn` if it is a vector instruction, else 0.
int nux_vdecode(uint32_t word, nux_vinsn *insn);

// Executes one instruction. Returns 1, or 0 and does nothing if the word is not a NUX_VARITH
// or NUX_VSPLAT instruction.
int nux_vstep(nux_vstate *state, uint32_t word, const uint32_t gpr[32]);

// Executes `count` words in order; stops at the first that nux_vstep refuses. Returns how
// many were executed.
int64_t nux_vrun(nux_vstate *state, const uint32_t *words, int64_t count, const uint32_t gpr[32]);

// Byte mask of the lanes where a condition (0 to 3) holds: 0xff or 0.
void nux_venable(const nux_vstate *state, int cond, uint8_t enable[128]);

// Address of a memory or bus instruction: (RA|0) + RB.
uint32_t nux_vaddress(const nux_vinsn *insn, const uint32_t gpr[32]);
#endif
