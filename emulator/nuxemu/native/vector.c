// SPDX-License-Identifier: BSD-3-Clause
// Vector unit: decoding and choice of the lane arithmetic in vector_lanes.h.

#include "vector.h"

#include <stddef.h>
#include <string.h>

typedef void (*lane_op)(nux_vstate *, const nux_vinsn *, uint32_t);
typedef lane_op lane_ops[2]; // always; where the condition holds

// Registers are bytes; these are for reading them as larger units.
typedef uint16_t __attribute__((may_alias)) alias16;
typedef uint64_t __attribute__((may_alias)) alias64;

#define ALIGNED __attribute__((aligned(64)))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIG_ENDIAN_16(value) __builtin_bswap16(value)
#else
#define BIG_ENDIAN_16(value) (value)
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HAVE_AVX2_LANES 1
#else
#define HAVE_AVX2_LANES 0
#endif

// Saturating addition: on overflow (both operands differ in sign from the sum) the limit
// on the side of x. No branches, and no type wider than the lane, so that loops vectorise.
#define ADD_SATURATING(name, type, utype)                                                          \
    static inline type name(type x, type y) {                                                      \
        type sum = (type)((utype)x + (utype)y);                                                    \
        type overflow = (type)((x ^ sum) & (y ^ sum));                                             \
        type limit = (type)((x < 0 ? -1 : 0) ^ (type)(((utype) - 1) >> 1));                        \
        return overflow < 0 ? limit : sum;                                                         \
    }
ADD_SATURATING(add_saturating_8, int8_t, uint8_t)
ADD_SATURATING(add_saturating_16, int16_t, uint16_t)
ADD_SATURATING(add_saturating_32, int32_t, uint32_t)

// Likewise; overflow if the operands differ in sign, and x and the difference too.
#define SUBTRACT_SATURATING(name, type, utype)                                                     \
    static inline type name(type x, type y) {                                                      \
        type difference = (type)((utype)x - (utype)y);                                             \
        type overflow = (type)((x ^ y) & (x ^ difference));                                        \
        type limit = (type)((x < 0 ? -1 : 0) ^ (type)(((utype) - 1) >> 1));                        \
        return overflow < 0 ? limit : difference;                                                  \
    }
SUBTRACT_SATURATING(subtract_saturating_8, int8_t, uint8_t)
SUBTRACT_SATURATING(subtract_saturating_16, int16_t, uint16_t)

// Fractional products: shifted left by one. Only minimum times minimum overflows, to the
// minimum; one less than that is the maximum, which is wanted.
static inline int32_t fraction_h(int16_t a, int16_t b) {
    uint32_t product = (uint32_t)(a * b);
    return (int32_t)(product * 2 - (product == 0x40000000));
}

static inline int16_t fraction_b(int8_t a, int8_t b) {
    uint16_t product = (uint16_t)(a * b);
    return (int16_t)(product * 2 - (product == 0x4000));
}

// A halfword holds bytes s[2i] and s[2i+1].
static inline uint8_t pack_upper(uint16_t s, int size) { return (uint8_t)(s >> 8 >> size); }

static inline uint8_t pack_lower(uint16_t s, int size) {
    int upper = (s >> 8) & ((1 << size) - 1);
    return (uint8_t)(upper << (8 - 2 * size) | (s & 0xff) >> (2 * size));
}

static inline uint16_t unpack(uint8_t a, uint8_t b, int size) {
    int even = (a << size | (b >> (8 - 2 * size) & ((1 << size) - 1))) & 0xff;
    int odd = (b << (2 * size)) & 0xff;
    return (uint16_t)(even << 8 | odd);
}

#define LANES(name) name##_portable
#include "vector_lanes.h"
#undef LANES

#if HAVE_AVX2_LANES
#pragma GCC push_options
#pragma GCC target("avx2")
#define LANES(name) name##_avx2
#include "vector_lanes.h"
#undef LANES
#pragma GCC pop_options
#endif

static const uint8_t kinds[NUX_FXV_COUNT] = {
#define KIND(row, name, xo, kind, conditional, unit, reads, writes) [row] = NUX_V##kind,
    NUX_FXV_TABLE(KIND)
#undef KIND
};

// Unit, registers read and written, use of the condition.
static const uint8_t uses[NUX_FXV_COUNT][4] = {
#define USES(row, name, xo, kind, conditional, unit, reads, writes)                                \
    [row] = {NUX_UNIT_##unit, reads, writes, conditional},
    NUX_FXV_TABLE(USES)
#undef USES
};

static const char *const mnemonics[NUX_FXV_COUNT] = {
#define MNEMONIC(row, name, xo, kind, conditional, unit, reads, writes) [row] = #name,
    NUX_FXV_TABLE(MNEMONIC)
#undef MNEMONIC
};

// Row + 1 of each extended opcode, 0 where there is none.
static const uint8_t row_after[512] = {
#define ROW(row, name, xo, kind, conditional, unit, reads, writes) [xo] = (row) + 1,
    NUX_FXV_TABLE(ROW)
#undef ROW
};

static const lane_ops *active_ops;

int nux_vselect_lanes(enum nux_vlanes lanes) {
#if HAVE_AVX2_LANES
    if (lanes == NUX_LANES_BEST && __builtin_cpu_supports("avx2")) {
        active_ops = ops_avx2;
        return 1;
    }
#else
    (void)lanes;
#endif
    active_ops = ops_portable;
    return 0;
}

int nux_vdecode(uint32_t word, nux_vinsn *insn) {
    if (word >> 26 != NUX_FXV_PRIMARY_OPCODE || !row_after[word >> 2 & 0x1ff]) {
        return 0;
    }
    if (!active_ops) {
        nux_vselect_lanes(NUX_LANES_BEST);
    }
    int row = row_after[word >> 2 & 0x1ff] - 1;
    int rb = word >> 11 & 31;
    int cond = word & 3;
    *insn = (nux_vinsn){
        .op = active_ops[row][cond != 0],
        .kind = kinds[row],
        .rt = word >> 21 & 31,
        .ra = word >> 16 & 31,
        .rb = (uint8_t)rb,
        .cond = (uint8_t)cond,
        .size = (uint8_t)cond,
        .shift = (int8_t)(rb < 16 ? rb : rb - 32),
        .index = (uint8_t)row,
        .unit = uses[row][0],
        .reads = uses[row][1],
        .writes = uses[row][2],
        .reads_condition = uses[row][3],
    };
    return 1;
}

int nux_vstep(nux_vstate *state, uint32_t word, const uint32_t gpr[32]) {
    nux_vinsn insn;
    if (!nux_vdecode(word, &insn) || !insn.op) {
        return 0;
    }
    insn.op(state, &insn, gpr[insn.ra]);
    return 1;
}

int64_t nux_vrun(nux_vstate *state, const uint32_t *words, int64_t count, const uint32_t gpr[32]) {
    int64_t done = 0;
    while (done < count && nux_vstep(state, words[done], gpr)) {
        done++;
    }
    return done;
}

void nux_venable(const nux_vstate *state, int cond, uint8_t enable[128]) {
    for (int i = 0; i < 128; i++) {
        enable[i] = !cond || state->vcr[i] == cond ? 0xff : 0;
    }
}

uint32_t nux_vaddress(const nux_vinsn *insn, const uint32_t gpr[32]) {
    return (insn->ra ? gpr[insn->ra] : 0) + gpr[insn->rb];
}

const char *nux_vmnemonic(int index) {
    return index >= 0 && index < NUX_FXV_COUNT ? mnemonics[index] : NULL;
}
