// SPDX-License-Identifier: BSD-3-Clause
// Vector arithmetic by lane width: 128 lanes of 8 bits or 64 lanes of 16 bits, signed.
//
// Names end in the lane width; _sat saturates at the lane's range, _frac multiplies
// fractions (-1 is the lowest value, results are truncated towards minus infinity and
// saturate), the others wrap. A nux_vector is a register, not memory: at most 32 are
// alive at a time and none across a call of a function that is not inlined.
// These functions use the accumulator and the condition register as they need.

#ifndef NUX_VECTOR_H
#define NUX_VECTOR_H

#include <nux/fxv.h>

/// Wait until all earlier vector and scalar memory accesses are done. The two units work
/// side by side: one of them sees what the other wrote only after a sync.
NUX_INTRINSIC void nux_sync(void) { __asm__ volatile("sync" ::: "memory"); }

// Memory. Safe on both sides; in a loop over data that no scalar code touches, use
// fxvlax and fxvstax and one nux_sync before and after.

/// The vector at `from`, which scalar code may just have written.
NUX_INTRINSIC nux_vector nux_load(const nux_vector_memory *from) {
    nux_sync();
    return fxvlax(from, 0);
}

/// Store to `to`, ready to be read by scalar code.
NUX_INTRINSIC void nux_store(nux_vector value, nux_vector_memory *to) {
    fxvstax(value, to, 0);
    nux_sync();
}

/// All lanes the same.
NUX_INTRINSIC nux_vector nux_splat8(int8_t value) { return fxvsplatb((uint32_t)value); }
NUX_INTRINSIC nux_vector nux_splat16(int16_t value) { return fxvsplath((uint32_t)value); }

// Addition, subtraction, multiplication.

/// a + b
NUX_INTRINSIC nux_vector nux_add8(nux_vector a, nux_vector b) { return fxvaddbm(a, b); }
NUX_INTRINSIC nux_vector nux_add16(nux_vector a, nux_vector b) { return fxvaddhm(a, b); }
NUX_INTRINSIC nux_vector nux_add8_sat(nux_vector a, nux_vector b) { return fxvaddbfs(a, b); }
NUX_INTRINSIC nux_vector nux_add16_sat(nux_vector a, nux_vector b) { return fxvaddhfs(a, b); }

/// a - b
NUX_INTRINSIC nux_vector nux_sub8(nux_vector a, nux_vector b) { return fxvsubbm(a, b); }
NUX_INTRINSIC nux_vector nux_sub16(nux_vector a, nux_vector b) { return fxvsubhm(a, b); }
NUX_INTRINSIC nux_vector nux_sub8_sat(nux_vector a, nux_vector b) { return fxvsubbfs(a, b); }
NUX_INTRINSIC nux_vector nux_sub16_sat(nux_vector a, nux_vector b) { return fxvsubhfs(a, b); }

/// a * b, its lower half
NUX_INTRINSIC nux_vector nux_mul8(nux_vector a, nux_vector b) { return fxvmulbm(a, b); }
NUX_INTRINSIC nux_vector nux_mul16(nux_vector a, nux_vector b) { return fxvmulhm(a, b); }
/// a * b as fractions
NUX_INTRINSIC nux_vector nux_mul8_frac(nux_vector a, nux_vector b) { return fxvmulbfs(a, b); }
NUX_INTRINSIC nux_vector nux_mul16_frac(nux_vector a, nux_vector b) { return fxvmulhfs(a, b); }

/// a * b + c, its lower half
NUX_INTRINSIC nux_vector nux_mul_add8(nux_vector a, nux_vector b, nux_vector c) {
    fxvmtacb(c);
    return fxvmabm(a, b);
}
NUX_INTRINSIC nux_vector nux_mul_add16(nux_vector a, nux_vector b, nux_vector c) {
    fxvmtach(c);
    return fxvmahm(a, b);
}
/// a * b + c as fractions; only the sum is rounded
NUX_INTRINSIC nux_vector nux_mul_add8_frac(nux_vector a, nux_vector b, nux_vector c) {
    fxvmtacbf(c);
    return fxvmabfs(a, b);
}
NUX_INTRINSIC nux_vector nux_mul_add16_frac(nux_vector a, nux_vector b, nux_vector c) {
    fxvmtachf(c);
    return fxvmahfs(a, b);
}

/// a * b as fractions, to the nearest, halves away from zero. (Truncation would turn every
/// small negative product into -1, and so add a drift to whatever sums up such products.)
NUX_INTRINSIC nux_vector nux_mul8_frac_round(nux_vector a, nux_vector b) {
    nux_vector almost_half = nux_splat8(INT8_MAX); // 127/256 of the result's last place
    fxvcmpb(fxvmulbfs(a, b));                      // negative exactly where a * b is
    fxvaddtacb(almost_half, nux_splat8(1));
    fxvmtacb_if(NUX_LT, almost_half);
    return fxvmabfs(a, b);
}
NUX_INTRINSIC nux_vector nux_mul16_frac_round(nux_vector a, nux_vector b) {
    nux_vector almost_half = nux_splat16(INT16_MAX);
    fxvcmph(fxvmulhfs(a, b));
    fxvaddtachm(almost_half, nux_splat16(1));
    fxvmtach_if(NUX_LT, almost_half);
    return fxvmahfs(a, b);
}

// Shifts by a constant. To the right they fill with zeros: for unsigned lanes.

/// a << amount, amount 0 to 15
NUX_INTRINSIC nux_vector nux_shift_left8(nux_vector a, int amount) { return fxvshb(a, amount); }
NUX_INTRINSIC nux_vector nux_shift_left16(nux_vector a, int amount) { return fxvshh(a, amount); }
/// a >> amount, unsigned, amount 0 to 16
NUX_INTRINSIC nux_vector nux_shift_right8(nux_vector a, int amount) { return fxvshb(a, -amount); }
NUX_INTRINSIC nux_vector nux_shift_right16(nux_vector a, int amount) { return fxvshh(a, -amount); }

// Compare and select. Compare and its use are volatile and follow each other: the compiler
// keeps them in this order and puts no other compare between them.

#define NUX_DEFINE_SELECT(width, compare, subtract)                                                \
    /* test > 0 ? yes : no */                                                                      \
    NUX_INTRINSIC nux_vector nux_select##width##_positive(nux_vector test, nux_vector yes,         \
                                                          nux_vector no) {                         \
        compare(test);                                                                             \
        return fxvsel(no, yes, NUX_GT);                                                            \
    }                                                                                              \
    /* test < 0 ? yes : no */                                                                      \
    NUX_INTRINSIC nux_vector nux_select##width##_negative(nux_vector test, nux_vector yes,         \
                                                          nux_vector no) {                         \
        compare(test);                                                                             \
        return fxvsel(no, yes, NUX_LT);                                                            \
    }                                                                                              \
    /* test == 0 ? yes : no */                                                                     \
    NUX_INTRINSIC nux_vector nux_select##width##_zero(nux_vector test, nux_vector yes,             \
                                                      nux_vector no) {                             \
        compare(test);                                                                             \
        return fxvsel(no, yes, NUX_EQ);                                                            \
    }                                                                                              \
    /* a > b ? yes : no; the saturating difference has the sign of the exact one */                \
    NUX_INTRINSIC nux_vector nux_select##width##_greater(nux_vector a, nux_vector b,               \
                                                         nux_vector yes, nux_vector no) {          \
        return nux_select##width##_positive(subtract(a, b), yes, no);                              \
    }                                                                                              \
    /* a == b ? yes : no */                                                                        \
    NUX_INTRINSIC nux_vector nux_select##width##_equal(nux_vector a, nux_vector b, nux_vector yes, \
                                                       nux_vector no) {                            \
        return nux_select##width##_zero(subtract(a, b), yes, no);                                  \
    }                                                                                              \
    NUX_INTRINSIC nux_vector nux_max##width(nux_vector a, nux_vector b) {                          \
        return nux_select##width##_greater(a, b, a, b);                                            \
    }                                                                                              \
    NUX_INTRINSIC nux_vector nux_min##width(nux_vector a, nux_vector b) {                          \
        return nux_select##width##_greater(a, b, b, a);                                            \
    }                                                                                              \
    /* value limited to lowest..highest */                                                         \
    NUX_INTRINSIC nux_vector nux_clamp##width(nux_vector value, nux_vector lowest,                 \
                                              nux_vector highest) {                                \
        return nux_min##width(nux_max##width(value, lowest), highest);                             \
    }

NUX_DEFINE_SELECT(8, fxvcmpb, fxvsubbfs)
NUX_DEFINE_SELECT(16, fxvcmph, fxvsubhfs)

#endif
