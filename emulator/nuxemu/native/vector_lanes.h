// SPDX-License-Identifier: BSD-3-Clause
// Lane arithmetic of every vector instruction. Included by vector.c once for each target;
// LANES(name) gives the names of that target.
//
// An instruction is one lane expression; loops, masks and byte order are in the macros.
// Loops read and write lane i only, so registers may be the same (hence ivdep).

#define EACH_LANE(count) _Pragma("GCC ivdep") for (int i = 0; i < (count); i++)

static void LANES(blend)(uint8_t *d, const uint8_t *from, const uint8_t *vcr, uint8_t cond) {
    EACH_LANE(128) {
        uint8_t enable = vcr[i] == cond ? 0xff : 0;
        d[i] = (from[i] & enable) | (d[i] & (uint8_t)~enable);
    }
}

// A halfword in the machine's byte order has its two bytes where the accumulator has the two
// 16-bit halves that belong to them, on machines of either order.
static inline void LANES(swap_halfwords)(uint8_t *d, const uint8_t *from) {
    EACH_LANE(64) { ((alias16 *)d)[i] = BIG_ENDIAN_16(((const alias16 *)from)[i]); }
}

static void LANES(blend_acc)(uint32_t *d, const uint32_t *from, const uint8_t *vcr, uint8_t cond) {
    uint8_t conditions[128] ALIGNED;
    alias16 *to = (alias16 *)d;
    const alias16 *result = (const alias16 *)from;
    LANES(swap_halfwords)(conditions, vcr);
    EACH_LANE(128) {
        uint16_t enable = conditions[i] == cond ? 0xffff : 0;
        to[i] = (result[i] & enable) | (to[i] & (uint16_t)~enable);
    }
}

// The two entry points of an instruction whose lanes function fills a register.
#define TO_VRT(name)                                                                               \
    static void LANES(name##_plain)(nux_vstate * s, const nux_vinsn *insn, uint32_t scalar) {      \
        (void)scalar;                                                                              \
        LANES(name##_lanes)(s->vr[insn->rt], s->vr[insn->ra], s->vr[insn->rb], s->acc);            \
    }                                                                                              \
    static void LANES(name##_masked)(nux_vstate * s, const nux_vinsn *insn, uint32_t scalar) {     \
        uint8_t result[128] ALIGNED;                                                               \
        (void)scalar;                                                                              \
        LANES(name##_lanes)(result, s->vr[insn->ra], s->vr[insn->rb], s->acc);                     \
        LANES(blend)(s->vr[insn->rt], result, s->vcr, insn->cond);                                 \
    }

// The same for the accumulator.
#define TO_ACC(name)                                                                               \
    static void LANES(name##_plain)(nux_vstate * s, const nux_vinsn *insn, uint32_t scalar) {      \
        (void)scalar;                                                                              \
        LANES(name##_lanes)(s->acc, s->vr[insn->ra], s->vr[insn->rb], s->acc);                     \
    }                                                                                              \
    static void LANES(name##_masked)(nux_vstate * s, const nux_vinsn *insn, uint32_t scalar) {     \
        uint32_t result[64] ALIGNED;                                                               \
        (void)scalar;                                                                              \
        LANES(name##_lanes)(result, s->vr[insn->ra], s->vr[insn->rb], s->acc);                     \
        LANES(blend_acc)(s->acc, result, s->vcr, insn->cond);                                      \
    }

#define LANE_FUNCTION(name, type)                                                                  \
    static inline void LANES(name##_lanes)(type * d, const uint8_t *va, const uint8_t *vb,         \
                                           const uint32_t *vacc)

#define H_LANE                                                                                     \
    int16_t a = (int16_t)BIG_ENDIAN_16(((const alias16 *)va)[i]);                                  \
    int16_t b = (int16_t)BIG_ENDIAN_16(((const alias16 *)vb)[i]);                                  \
    int32_t acc = (int32_t)vacc[i];                                                                \
    (void)a, (void)b, (void)acc;

#define H_TO_VRT(name, expression)                                                                 \
    LANE_FUNCTION(name, uint8_t) {                                                                 \
        EACH_LANE(64) { H_LANE((alias16 *)d)[i] = BIG_ENDIAN_16((uint16_t)(expression)); }         \
    }                                                                                              \
    TO_VRT(name)

#define H_TO_ACC(name, expression)                                                                 \
    LANE_FUNCTION(name, uint32_t) {                                                                \
        EACH_LANE(64) { H_LANE d[i] = (uint32_t)(expression); }                                    \
    }                                                                                              \
    TO_ACC(name)

// Byte instructions without accumulator.
#define B_TO_VRT(name, expression)                                                                 \
    LANE_FUNCTION(name, uint8_t) {                                                                 \
        (void)vacc;                                                                                \
        EACH_LANE(128) {                                                                           \
            int8_t a = (int8_t)va[i], b = (int8_t)vb[i];                                           \
            d[i] = (uint8_t)(expression);                                                          \
        }                                                                                          \
    }                                                                                              \
    TO_VRT(name)

// Byte instructions with accumulator: lanes in the order of its halves.
#define B_ACC_LANES                                                                                \
    uint8_t sa[128] ALIGNED, sb[128] ALIGNED;                                                      \
    LANES(swap_halfwords)(sa, va);                                                                 \
    LANES(swap_halfwords)(sb, vb);
#define B_ACC_LANE                                                                                 \
    int8_t a = (int8_t)sa[i], b = (int8_t)sb[i];                                                   \
    int16_t acc = (int16_t)((const alias16 *)vacc)[i];                                             \
    (void)a, (void)b, (void)acc;

#define B_ACC_TO_VRT(name, expression)                                                             \
    LANE_FUNCTION(name, uint8_t) {                                                                 \
        uint8_t result[128] ALIGNED;                                                               \
        B_ACC_LANES                                                                                \
        EACH_LANE(128) { B_ACC_LANE result[i] = (uint8_t)(expression); }                           \
        LANES(swap_halfwords)(d, result);                                                          \
    }                                                                                              \
    TO_VRT(name)

#define B_TO_ACC(name, expression)                                                                 \
    LANE_FUNCTION(name, uint32_t) {                                                                \
        B_ACC_LANES                                                                                \
        EACH_LANE(128) { B_ACC_LANE((alias16 *)d)[i] = (uint16_t)(expression); }                   \
    }                                                                                              \
    TO_ACC(name)

H_TO_VRT(fxvaddhm, a + b)
H_TO_VRT(fxvsubhm, a - b)
H_TO_VRT(fxvaddhfs, add_saturating_16(a, b))
H_TO_VRT(fxvsubhfs, subtract_saturating_16(a, b))
H_TO_VRT(fxvmulhm, a *b)
H_TO_VRT(fxvmulhfs, fraction_h(a, b) >> 16)
H_TO_VRT(fxvmahm, (uint32_t)acc + (uint32_t)(a * b))
H_TO_VRT(fxvmahfs, add_saturating_32(acc, fraction_h(a, b)) >> 16)
H_TO_VRT(fxvaddachm, (uint32_t)acc + (uint32_t)a)
H_TO_VRT(fxvaddachfs, add_saturating_32(acc, a * 65536) >> 16)

H_TO_ACC(fxvmtach, a)
H_TO_ACC(fxvmtachf, a * 65536)
H_TO_ACC(fxvaddtachm, a + b)
H_TO_ACC(fxvaddactachm, (uint32_t)acc + (uint32_t)a)
H_TO_ACC(fxvaddactachf, add_saturating_32(acc, a * 65536))
H_TO_ACC(fxvmultachm, a *b)
H_TO_ACC(fxvmultachfs, fraction_h(a, b))
H_TO_ACC(fxvmatachm, (uint32_t)acc + (uint32_t)(a * b))
H_TO_ACC(fxvmatachfs, add_saturating_32(acc, fraction_h(a, b)))

B_TO_VRT(fxvaddbm, a + b)
B_TO_VRT(fxvsubbm, a - b)
B_TO_VRT(fxvaddbfs, add_saturating_8(a, b))
B_TO_VRT(fxvsubbfs, subtract_saturating_8(a, b))
B_TO_VRT(fxvmulbm, a *b)
B_TO_VRT(fxvmulbfs, fraction_b(a, b) >> 8)
B_ACC_TO_VRT(fxvmabm, acc + a * b)
B_ACC_TO_VRT(fxvmabfs, add_saturating_16(acc, fraction_b(a, b)) >> 8)
B_ACC_TO_VRT(fxvaddacbm, acc + a)
B_ACC_TO_VRT(fxvaddacbfs, add_saturating_16(acc, (int16_t)(a * 256)) >> 8)

B_TO_ACC(fxvmtacb, a)
B_TO_ACC(fxvmtacbf, a * 256)
B_TO_ACC(fxvaddtacb, a + b)
B_TO_ACC(fxvaddactacb, acc + a)
B_TO_ACC(fxvaddactacbf, add_saturating_16(acc, (int16_t)(a * 256)))
B_TO_ACC(fxvmultacbm, a *b)
B_TO_ACC(fxvmultacbfs, fraction_b(a, b))
B_TO_ACC(fxvmatacbm, acc + a * b)
B_TO_ACC(fxvmatacbfs, add_saturating_16(acc, fraction_b(a, b)))

// Instructions without condition, and select, which uses it in its own way.
#define INSTRUCTION(name)                                                                          \
    static void LANES(name)(nux_vstate * s, const nux_vinsn *insn, uint32_t scalar)

INSTRUCTION(fxvsel_plain) {
    (void)scalar;
    memmove(s->vr[insn->rt], s->vr[insn->rb], 128);
}

INSTRUCTION(fxvsel_masked) {
    uint8_t *d = s->vr[insn->rt];
    const uint8_t *a = s->vr[insn->ra], *b = s->vr[insn->rb];
    (void)scalar;
    EACH_LANE(128) {
        uint8_t enable = s->vcr[i] == insn->cond ? 0xff : 0;
        d[i] = (b[i] & enable) | (a[i] & (uint8_t)~enable);
    }
}

INSTRUCTION(fxvsplath_plain) {
    alias16 *d = (alias16 *)s->vr[insn->rt];
    EACH_LANE(64) { d[i] = BIG_ENDIAN_16((uint16_t)scalar); }
}

INSTRUCTION(fxvsplatb_plain) { memset(s->vr[insn->rt], (uint8_t)scalar, 128); }

// Code of a lane compared with zero: 1 greater, 2 less, 3 equal.
#define CONDITION(a) (uint8_t)(3 - 2 * ((a) > 0) - ((a) < 0))

INSTRUCTION(fxvcmph_plain) {
    const alias16 *ha = (const alias16 *)s->vr[insn->ra];
    alias16 *vcr = (alias16 *)s->vcr;
    (void)scalar;
    EACH_LANE(64) { vcr[i] = 0x0101 * CONDITION((int16_t)BIG_ENDIAN_16(ha[i])); }
}

INSTRUCTION(fxvcmpb_plain) {
    const uint8_t *a = s->vr[insn->ra];
    (void)scalar;
    EACH_LANE(128) { s->vcr[i] = CONDITION((int8_t)a[i]); }
}

INSTRUCTION(fxvshh_plain) {
    const alias16 *a = (const alias16 *)s->vr[insn->ra];
    alias16 *d = (alias16 *)s->vr[insn->rt];
    int left = insn->shift, right = -left;
    (void)scalar;
    if (left >= 0) {
        EACH_LANE(64) { d[i] = BIG_ENDIAN_16((uint16_t)(BIG_ENDIAN_16(a[i]) << left)); }
    } else {
        EACH_LANE(64) { d[i] = BIG_ENDIAN_16((uint16_t)(BIG_ENDIAN_16(a[i]) >> right)); }
    }
}

// Eight bytes at once: the mask drops what crossed from one byte into the next.
INSTRUCTION(fxvshb_plain) {
    const alias64 *a = (const alias64 *)s->vr[insn->ra];
    alias64 *d = (alias64 *)s->vr[insn->rt];
    int left = insn->shift, right = -left;
    uint64_t mask =
        UINT64_C(0x0101010101010101) * (uint8_t)(left >= 0 ? 0xff << left : 0xff >> right);
    (void)scalar;
    if (left >= 0) {
        EACH_LANE(16) { d[i] = (a[i] << left) & mask; }
    } else {
        EACH_LANE(16) { d[i] = (a[i] >> right) & mask; }
    }
}

// One body for each size, so that shift amounts are constants (twice as fast).
#define FOR_EACH_SIZE(name)                                                                        \
    INSTRUCTION(name##_plain) {                                                                    \
        uint8_t *d = s->vr[insn->rt];                                                              \
        const uint8_t *a = s->vr[insn->ra], *b = s->vr[insn->rb];                                  \
        (void)scalar;                                                                              \
        switch (insn->size) {                                                                      \
        case 0:                                                                                    \
            LANES(name##_lanes)(d, a, b, 0);                                                       \
            break;                                                                                 \
        case 1:                                                                                    \
            LANES(name##_lanes)(d, a, b, 1);                                                       \
            break;                                                                                 \
        case 2:                                                                                    \
            LANES(name##_lanes)(d, a, b, 2);                                                       \
            break;                                                                                 \
        default:                                                                                   \
            LANES(name##_lanes)(d, a, b, 3);                                                       \
        }                                                                                          \
    }

#define SIZED_LANES(name)                                                                          \
    static inline __attribute__((always_inline)) void LANES(name##_lanes)(                         \
        uint8_t *d, const uint8_t *a, const uint8_t *b, const int size)

// Packs: each halfword of a slice of VRA, then of VRB, becomes one byte.
#define PACK(name, function)                                                                       \
    SIZED_LANES(name) {                                                                            \
        const alias16 *ha = (const alias16 *)a, *hb = (const alias16 *)b;                          \
        uint8_t packed[2][64] ALIGNED;                                                             \
        EACH_LANE(64) { packed[0][i] = function(BIG_ENDIAN_16(ha[i]), size); }                     \
        EACH_LANE(64) { packed[1][i] = function(BIG_ENDIAN_16(hb[i]), size); }                     \
        for (int slice = 0; slice < 8; slice++) {                                                  \
            memcpy(d + 16 * slice, packed[0] + 8 * slice, 8);                                      \
            memcpy(d + 16 * slice + 8, packed[1] + 8 * slice, 8);                                  \
        }                                                                                          \
    }                                                                                              \
    FOR_EACH_SIZE(name)
PACK(fxvpckbu, pack_upper)
PACK(fxvpckbl, pack_lower)

// Unpacks: byte i of the left or right half of the slices becomes halfword i.
#define UNPACK(name, half)                                                                         \
    SIZED_LANES(name) {                                                                            \
        uint8_t upper[64] ALIGNED, lower[64] ALIGNED;                                              \
        for (int slice = 0; slice < 8; slice++) {                                                  \
            memcpy(upper + 8 * slice, a + 16 * slice + (half), 8);                                 \
            memcpy(lower + 8 * slice, b + 16 * slice + (half), 8);                                 \
        }                                                                                          \
        EACH_LANE(64) { ((alias16 *)d)[i] = BIG_ENDIAN_16(unpack(upper[i], lower[i], size)); }     \
    }                                                                                              \
    FOR_EACH_SIZE(name)
UNPACK(fxvupckbl, 0)
UNPACK(fxvupckbr, 8)

// Both entry points of every instruction, in table order; null where the core does it.
#define OPS_ARITH_0(name) {LANES(name##_plain), LANES(name##_plain)}
#define OPS_ARITH_1(name) {LANES(name##_plain), LANES(name##_masked)}
#define OPS_SPLAT_0 OPS_ARITH_0
#define OPS_LAX_0(name) {NULL, NULL}
#define OPS_STAX_0 OPS_LAX_0
#define OPS_INX_1 OPS_LAX_0
#define OPS_OUTX_1 OPS_LAX_0
#define OPS(row, name, xo, kind, conditional, unit, reads, writes)                                 \
    [row] = OPS_##kind##_##conditional(name),
static const lane_ops LANES(ops)[NUX_FXV_COUNT] = {NUX_FXV_TABLE(OPS)};

#undef EACH_LANE
#undef TO_VRT
#undef TO_ACC
#undef LANE_FUNCTION
#undef H_LANE
#undef H_TO_VRT
#undef H_TO_ACC
#undef B_TO_VRT
#undef B_ACC_LANES
#undef B_ACC_LANE
#undef B_ACC_TO_VRT
#undef B_TO_ACC
#undef INSTRUCTION
#undef CONDITION
#undef FOR_EACH_SIZE
#undef SIZED_LANES
#undef PACK
#undef UNPACK
#undef OPS_ARITH_0
#undef OPS_ARITH_1
#undef OPS_SPLAT_0
#undef OPS_LAX_0
#undef OPS_STAX_0
#undef OPS_INX_1
#undef OPS_OUTX_1
#undef OPS
