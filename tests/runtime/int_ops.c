// SPDX-License-Identifier: BSD-3-Clause
// Integer helpers that GCC calls, over arrays; see batch.h.

#include "batch.h"

// Called by name too: depending on the level GCC open-codes some of them.
uint64_t __ashldi3(uint64_t, int);
uint64_t __lshrdi3(uint64_t, int);
uint64_t __ashrdi3(uint64_t, int);
uint64_t __muldi3(uint64_t, uint64_t);
int __ucmpdi2(uint64_t, uint64_t);
int __cmpdi2(int64_t, int64_t);
uint64_t __udivmoddi4(uint64_t, uint64_t, uint64_t *);
int64_t __divmoddi4(int64_t, int64_t, int64_t *);
int __clzdi2(uint64_t);
int __ctzdi2(uint64_t);
int __ffsdi2(uint64_t);
int __popcountdi2(uint64_t);
int __paritydi2(uint64_t);
uint64_t __bswapdi2(uint64_t);

static uint64_t remainder_of(uint64_t a, uint64_t b) {
    uint64_t remainder;
    __udivmoddi4(a, b, &remainder);
    return remainder;
}

static uint64_t signed_remainder_of(uint64_t a, uint64_t b) {
    int64_t remainder;
    __divmoddi4((int64_t)a, (int64_t)b, &remainder);
    return (uint64_t)remainder;
}

#define OPERATION(name, expression)                                                                \
    static uint64_t name(uint64_t a, uint64_t b) {                                                 \
        (void)a, (void)b;                                                                          \
        return (uint64_t)(expression);                                                             \
    }

OPERATION(op_udiv, a / b)
OPERATION(op_umod, a % b)
OPERATION(op_div, (int64_t)a / (int64_t)b)
OPERATION(op_mod, (int64_t)a % (int64_t)b)
OPERATION(op_udivmod, remainder_of(a, b))
OPERATION(op_divmod, signed_remainder_of(a, b))
OPERATION(op_mul, a *b)
OPERATION(op_mul_call, __muldi3(a, b))
OPERATION(op_shl, a << (b & 63))
OPERATION(op_shr, a >> (b & 63))
OPERATION(op_sar, (int64_t)a >> (b & 63))
OPERATION(op_shl_call, __ashldi3(a, b & 63))
OPERATION(op_shr_call, __lshrdi3(a, b & 63))
OPERATION(op_sar_call, __ashrdi3((int64_t)a, b & 63))
OPERATION(op_ucmp, __ucmpdi2(a, b))
OPERATION(op_cmp, __cmpdi2((int64_t)a, (int64_t)b))
OPERATION(op_clz, __clzdi2(a))
OPERATION(op_ctz, __ctzdi2(a))
OPERATION(op_ffs, __ffsdi2(a))
OPERATION(op_popcount, __popcountdi2(a))
OPERATION(op_parity, __paritydi2(a))
OPERATION(op_bswap, __bswapdi2(a))

static uint64_t (*const operations[])(uint64_t, uint64_t) = {
    op_udiv, op_umod, op_div, op_mod,      op_udivmod,  op_divmod,   op_mul,  op_mul_call,
    op_shl,  op_shr,  op_sar, op_shl_call, op_shr_call, op_sar_call, op_ucmp, op_cmp,
    op_clz,  op_ctz,  op_ffs, op_popcount, op_parity,   op_bswap,
};

bool run_operation(uint32_t which, uint32_t operands) {
    if (which >= sizeof(operations) / sizeof(operations[0]) || operands > BATCH_SIZE) {
        return false;
    }
    for (uint32_t i = 0; i < operands; i++) {
        batch.result[i] = operations[which](batch.a[i], batch.b[i]);
    }
    return true;
}
