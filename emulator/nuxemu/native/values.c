/* SPDX-License-Identifier: BSD-3-Clause */
#include "values.h"
#include "fields.h"
#include "scalar_table.h"

enum { MAX_SLACK = 8192 };
static const nux_value UNKNOWN = {0, NO_REGISTER, NO_REGISTER, 0, 0, 0, 0, 0};

static nux_value constant(uint32_t offset) {
    return (nux_value){1, NO_REGISTER, NO_REGISTER, 0, 0, offset, 0, ~0u};
}

/* An unknown value under a mask. */
static nux_value masked(uint32_t mask) {
    if (!mask || mask > MAX_SLACK)
        return mask ? UNKNOWN : constant(0);
    return (nux_value){1, NO_REGISTER, NO_REGISTER, 0, 0, 0, mask, (mask & -mask) - 1};
}

void nux_values_reset(nux_value registers[32]) {
    for (uint8_t r = 0; r < 32; r++)
        registers[r] = (nux_value){1, r, NO_REGISTER, 0, 0, 0, 0, ~0u};
}

static nux_value sum(nux_value a, nux_value b) {
    if (!a.known || !b.known)
        return UNKNOWN;
    a.offset += b.offset;
    a.slack += b.slack;
    a.clear &= b.clear;
    if (a.slack > MAX_SLACK)
        return UNKNOWN;
    uint8_t terms[2] = {b.first, b.second}, shifts[2] = {b.first_shift, b.second_shift};
    for (int i = 0; i < 2; i++) {
        if (terms[i] == NO_REGISTER)
            continue;
        if (a.first == NO_REGISTER) {
            a.first = terms[i];
            a.first_shift = shifts[i];
        } else if (a.second == NO_REGISTER) {
            a.second = terms[i];
            a.second_shift = shifts[i];
        } else {
            return UNKNOWN;
        }
    }
    return a;
}

static nux_value shifted(nux_value a, uint8_t n) {
    if (!a.known || a.first_shift + n > 31 || a.second_shift + n > 31 ||
        (uint64_t)a.slack << n > MAX_SLACK)
        return UNKNOWN;
    a.slack <<= n;
    a.clear = a.clear << n | ((1u << n) - 1);
    a.first_shift += n;
    a.second_shift += n;
    a.offset <<= n;
    return a;
}

static nux_value register_or_zero(const nux_value registers[32], uint32_t r) {
    return r ? registers[r] : constant(0);
}

/* Value that a plain instruction leaves in its destination, as far as it can be followed. */
static nux_value result_of(const nux_decoded *d, const nux_value registers[32]) {
    uint32_t w = d->word;
    switch (d->id) {
    case NUX_S_ADDI:
        return sum(register_or_zero(registers, RA(w)), constant(SI(w)));
    case NUX_S_ADDIS:
        return sum(register_or_zero(registers, RA(w)), constant(w << 16));
    case NUX_S_ADD:
        return sum(registers[RA(w)], registers[RB(w)]);
    case NUX_S_OR:
        return RT(w) == RB(w) ? registers[RT(w)] : UNKNOWN;
    case NUX_S_ORI: {
        nux_value v = registers[RT(w)];
        bool is_constant = v.known && v.first == NO_REGISTER && v.second == NO_REGISTER && !v.slack;
        return is_constant ? constant(v.offset | (w & 0xffff)) : (w & 0xffff) ? UNKNOWN : v;
    }
    case NUX_S_ANDI_RC:
        return masked(w & 0xffff);
    case NUX_S_RLWINM: {
        uint32_t begin = w >> 6 & 31, end = w >> 1 & 31;
        nux_value v = UNKNOWN;
        if (begin == 0 && end == 31 - RB(w)) /* slwi */
            v = shifted(registers[RT(w)], (uint8_t)RB(w));
        return v.known || begin > end ? v : masked((~0u >> begin) & (~0u << (31 - end)));
    }
    default:
        return UNKNOWN;
    }
}

nux_value nux_address_of(const nux_decoded *d, const nux_value registers[32]) {
    uint32_t w = d->word;
    nux_value base =
        nux_scalar_rows[d->id].update ? registers[RA(w)] : register_or_zero(registers, RA(w));
    return sum(base, w >> 26 == 31 ? registers[RB(w)] : constant(SI(w)));
}

bool nux_address_now(const nux_processor *p, const nux_decoded *d, const nux_value registers[32],
                     uint32_t *address) {
    nux_value v = nux_address_of(d, registers);
    *address = v.offset;
    if (v.first != NO_REGISTER)
        *address += p->gpr[v.first] << v.first_shift;
    if (v.second != NO_REGISTER)
        *address += p->gpr[v.second] << v.second_shift;
    return v.known && !v.slack;
}

static bool is_shift(const nux_decoded *d) {
    return d->id == NUX_S_SLW || d->id == NUX_S_SRW || d->id == NUX_S_SRAW;
}

static bool is_divide(const nux_decoded *d) { return d->id == NUX_S_DIVW || d->id == NUX_S_DIVWU; }

/* A byte load needs no check: the engine stops at one that misses the SRAM (run.c). */
bool nux_is_byte_load(const nux_decoded *d) {
    return d->kind == NUX_KIND_LOAD && nux_scalar_rows[d->id].size == 1;
}

/* Other loads and stores must hit the SRAM, shifts be by less than 32, divisors not be zero, and
 * signed ones not negative: there the engine does as the chip does. */
nux_check nux_check_of(const nux_processor *p, const nux_decoded *d,
                       const nux_value registers[32]) {
    nux_check c = {.needed = true, .size = 1};
    if (nux_is_byte_load(d)) {
        c.needed = false;
    } else if (nux_is_memory(d)) {
        c.v = nux_address_of(d, registers);
        c.size = (uint32_t)nux_scalar_rows[d->id].size;
        bool apart = p->mailbox_is_native && d->kind == NUX_KIND_STORE;
        c.limit = apart ? NUX_MAILBOX_BASE : p->config.sram_size;
        /* One floor for loads and stores, so that they share checks; loads below are rare. */
        bool stack = RA(d->word) == 1 || (c.v.first == 1 && c.v.second == NO_REGISTER);
        c.stack = stack && p->stack_limit;
        c.floor = stack && p->stack_limit > p->code_end ? p->stack_limit : p->code_end;
    } else if (is_shift(d)) {
        c.v = registers[RB(d->word)];
        c.limit = 32;
    } else if (is_divide(d)) {
        c.v = registers[RB(d->word)];
        c.limit = d->id == NUX_S_DIVW ? 0x80000000u : 0;
        c.floor = 1;
    } else {
        c.needed = false;
    }
    return c;
}

/* An instruction that the engine executes only after a check. */
bool nux_is_checked(const nux_decoded *d) {
    return nux_is_memory(d) || is_shift(d) || is_divide(d);
}

bool nux_can_check(const nux_check *c) {
    return c->v.known && (c->v.clear & (c->size - 1)) == c->size - 1;
}

/* Follows one engine-executed instruction. */
void nux_values_follow(const nux_decoded *d, nux_value registers[32]) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    if (nux_is_memory(d)) {
        nux_value address = nux_address_of(d, registers);
        if (row->update)
            registers[RA(d->word)] = address;
        if (d->kind == NUX_KIND_LOAD)
            registers[RT(d->word)] = row->size == 1 ? masked(0xff) : UNKNOWN;
    } else if (row->dest == NUX_DEST_RT) {
        registers[RT(d->word)] = result_of(d, registers);
    } else if (row->dest == NUX_DEST_RA) {
        registers[RA(d->word)] = result_of(d, registers);
    }
}
