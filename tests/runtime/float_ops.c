// SPDX-License-Identifier: BSD-3-Clause
// Single-precision operations as GCC compiles them, over arrays; see batch.h.

#include "batch.h"

static float to_float(uint64_t word) {
    uint32_t bits = (uint32_t)word;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t to_word(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

#define OPERATION(name, expression)                                                                \
    static uint64_t name(uint64_t wa, uint64_t wb) {                                               \
        float a = to_float(wa), b = to_float(wb);                                                  \
        (void)a, (void)b, (void)wa, (void)wb;                                                      \
        return (expression);                                                                       \
    }

OPERATION(op_add, to_word(a + b))
OPERATION(op_sub, to_word(a - b))
OPERATION(op_mul, to_word(a *b))
OPERATION(op_div, to_word(a / b))
OPERATION(op_neg, to_word(-a))
OPERATION(op_eq, a == b)
OPERATION(op_ne, a != b)
OPERATION(op_lt, a < b)
OPERATION(op_le, a <= b)
OPERATION(op_gt, a > b)
OPERATION(op_ge, a >= b)
OPERATION(op_unord, __builtin_isunordered(a, b))
OPERATION(op_from_i32, to_word((float)(int32_t)wa))
OPERATION(op_from_u32, to_word((float)(uint32_t)wa))
OPERATION(op_from_i64, to_word((float)(int64_t)wa))
OPERATION(op_from_u64, to_word((float)wa))
OPERATION(op_to_i32, (uint32_t)(int32_t)a)
OPERATION(op_to_u32, (uint32_t)a)
OPERATION(op_to_i64, (uint64_t)(int64_t)a)
OPERATION(op_to_u64, (uint64_t)a)

static uint64_t (*const operations[])(uint64_t, uint64_t) = {
    op_add,      op_sub,      op_mul,    op_div,    op_neg,    op_eq,       op_ne,
    op_lt,       op_le,       op_gt,     op_ge,     op_unord,  op_from_i32, op_from_u32,
    op_from_i64, op_from_u64, op_to_i32, op_to_u32, op_to_i64, op_to_u64,
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
