// SPDX-License-Identifier: BSD-3-Clause
// 64-bit division and remainder. Division by zero gives all ones and the dividend as the
// remainder, like the processor's unsigned division.

#include "int64.h"

static int leading_zeros(uint64_t value) {
    union words v = {.whole = value};
    return v.high != 0 ? __builtin_clz(v.high) : 32 + (v.low != 0 ? __builtin_clz(v.low) : 32);
}

// The processor's own division by zero, which the checks of a run report at the line that called.
static __attribute__((noinline)) void nux_divide_by_zero(void) {
    uint32_t zero = 0;
    __asm__ volatile("divwu %0,%0,%0" : "+r"(zero));
}

__attribute__((noinline)) uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor,
                                                uint64_t *remainder) {
    uint64_t quotient = 0;
    if (divisor == 0) {
        nux_divide_by_zero();
        quotient = UINT64_MAX;
    } else if (dividend <= UINT32_MAX && divisor <= UINT32_MAX) {
        quotient = (uint32_t)dividend / (uint32_t)divisor;
        dividend = (uint32_t)dividend % (uint32_t)divisor;
    } else if (divisor <= dividend) {
        int shift = leading_zeros(divisor) - leading_zeros(dividend);
        divisor <<= shift;
        for (; shift >= 0; shift--) {
            quotient <<= 1;
            if (dividend >= divisor) {
                dividend -= divisor;
                quotient |= 1;
            }
            divisor >>= 1;
        }
    }
    if (remainder) {
        *remainder = dividend;
    }
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
    return __udivmoddi4(dividend, divisor, 0);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor) {
    uint64_t remainder;
    __udivmoddi4(dividend, divisor, &remainder);
    return remainder;
}

static uint64_t absolute(int64_t value) { return value < 0 ? -(uint64_t)value : (uint64_t)value; }

int64_t __divdi3(int64_t dividend, int64_t divisor) {
    uint64_t quotient = __udivmoddi4(absolute(dividend), absolute(divisor), 0);
    return (int64_t)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

// The remainder has the sign of the dividend.
int64_t __moddi3(int64_t dividend, int64_t divisor) {
    uint64_t remainder;
    __udivmoddi4(absolute(dividend), absolute(divisor), &remainder);
    return (int64_t)(dividend < 0 ? -remainder : remainder);
}

int64_t __divmoddi4(int64_t dividend, int64_t divisor, int64_t *remainder) {
    *remainder = __moddi3(dividend, divisor);
    return __divdi3(dividend, divisor);
}
