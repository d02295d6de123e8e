/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's view of the code, and the plan of each of its blocks.
 *
 * A page is decoded when the engine first fetches from it. Words are copied to the fetch view,
 * except that each native instruction becomes a branch to the end of its run. Native are:
 * what the table says, what the processor does not have, invalid forms, and loads and stores
 * whose address does not follow from the registers at the start of the stretch of code by
 * additions and shifts. After a native instruction every register is known again, since the
 * next block starts there.
 */
#include "processor.h"
#include "scalar_table.h"
#include <stdlib.h>
#include <string.h>

#define RT(w) ((w) >> 21 & 31)
#define RA(w) ((w) >> 16 & 31)
#define RB(w) ((w) >> 11 & 31)
#define SI(w) ((uint32_t)(int32_t)(int16_t)(w))

enum { NO_REGISTER = 32, MAX_GUARDS = 64 };
static const uint32_t zero_register;

/* A register's value: first << first_shift + second << second_shift + offset + rest, in terms
 * of the registers at the start of the block; the rest is not known, but at most `slack`, and
 * zero in the bits `clear`. */
typedef struct {
    uint8_t known, first, second, first_shift, second_shift;
    uint32_t offset, slack, clear;
} value;

enum { MAX_SLACK = 8192 };
static const value UNKNOWN = {0, NO_REGISTER, NO_REGISTER, 0, 0, 0, 0, 0};

static value constant(uint32_t offset) {
    return (value){1, NO_REGISTER, NO_REGISTER, 0, 0, offset, 0, ~0u};
}

/* An unknown value under a mask. */
static value masked(uint32_t mask) {
    if (!mask || mask > MAX_SLACK)
        return mask ? UNKNOWN : constant(0);
    return (value){1, NO_REGISTER, NO_REGISTER, 0, 0, 0, mask, (mask & -mask) - 1};
}

static void forget_changes(value registers[32]) {
    for (uint8_t r = 0; r < 32; r++)
        registers[r] = (value){1, r, NO_REGISTER, 0, 0, 0, 0, ~0u};
}

static value sum(value a, value b) {
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

static value shifted(value a, uint8_t n) {
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

static value register_or_zero(const value registers[32], uint32_t r) {
    return r ? registers[r] : constant(0);
}

/* Value that a plain instruction leaves in its destination, as far as it can be followed. */
static value result_of(const nux_decoded *d, const value registers[32]) {
    uint32_t w = d->word;
    switch (d->id) {
    case NUX_S_ADDI: return sum(register_or_zero(registers, RA(w)), constant(SI(w)));
    case NUX_S_ADDIS: return sum(register_or_zero(registers, RA(w)), constant(w << 16));
    case NUX_S_ADD: return sum(registers[RA(w)], registers[RB(w)]);
    case NUX_S_OR: return RT(w) == RB(w) ? registers[RT(w)] : UNKNOWN;
    case NUX_S_ORI: {
        value v = registers[RT(w)];
        bool is_constant =
            v.known && v.first == NO_REGISTER && v.second == NO_REGISTER && !v.slack;
        return is_constant ? constant(v.offset | (w & 0xffff)) : (w & 0xffff) ? UNKNOWN : v;
    }
    case NUX_S_ANDI_RC: return masked(w & 0xffff);
    case NUX_S_RLWINM: {
        uint32_t begin = w >> 6 & 31, end = w >> 1 & 31;
        value v = UNKNOWN;
        if (begin == 0 && end == 31 - RB(w)) /* slwi */
            v = shifted(registers[RT(w)], (uint8_t)RB(w));
        return v.known || begin > end ? v : masked((~0u >> begin) & (~0u << (31 - end)));
    }
    default: return UNKNOWN;
    }
}

static value address_of(const nux_decoded *d, const value registers[32]) {
    uint32_t w = d->word;
    value base = nux_scalar_rows[d->id].update ? registers[RA(w)]
                                               : register_or_zero(registers, RA(w));
    return sum(base, w >> 26 == 31 ? registers[RB(w)] : constant(SI(w)));
}

static bool is_memory(const nux_decoded *d) {
    return d->kind == NUX_KIND_LOAD || d->kind == NUX_KIND_STORE;
}

/* What must hold of a value before the engine may execute an instruction: the bytes
 * [v, v + size) lie in [floor, limit), and v is a multiple of size. */
typedef struct {
    bool needed;
    value v;
    uint32_t size, floor, limit; /* limit 0: 2^32 */
} check;

static bool is_shift(const nux_decoded *d) {
    return d->id == NUX_S_SLW || d->id == NUX_S_SRW || d->id == NUX_S_SRAW;
}

static bool is_divide(const nux_decoded *d) {
    return d->id == NUX_S_DIVW || d->id == NUX_S_DIVWU;
}

/* A byte load needs no check: the engine stops at one that misses the SRAM (run.c). */
static bool is_byte_load(const nux_decoded *d) {
    return d->kind == NUX_KIND_LOAD && nux_scalar_rows[d->id].size == 1;
}

/* Other loads and stores must hit the SRAM, shifts be by less than 32, divisors not be zero, and
 * signed ones not negative: there the engine does as the chip does. */
static check check_of(const nux_processor *p, const nux_decoded *d, const value registers[32]) {
    check c = {.needed = true, .size = 1};
    if (is_byte_load(d)) {
        c.needed = false;
    } else if (is_memory(d)) {
        c.v = address_of(d, registers);
        c.size = (uint32_t)nux_scalar_rows[d->id].size;
        c.limit = p->config.sram_size;
        bool stack = c.v.first == 1 && c.v.second == NO_REGISTER;
        if (d->kind == NUX_KIND_STORE)
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
bool nux_is_checked(const nux_decoded *d) { return is_memory(d) || is_shift(d) || is_divide(d); }

static bool can_check(const check *c) {
    return c->v.known && (c->v.clear & (c->size - 1)) == c->size - 1;
}

/* Follows one engine-executed instruction. */
static void follow(const nux_decoded *d, value registers[32]) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    if (is_memory(d)) {
        value address = address_of(d, registers);
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

static const nux_scalar_row *scalar_row(uint32_t word) {
    static uint8_t first[64], count[64]; /* rows by primary opcode, filled on first use */
    static uint8_t order[NUX_S_COUNT];
    static bool ready;
    if (!ready) {
        int n = 0;
        for (uint32_t primary = 0; primary < 64; primary++) {
            first[primary] = (uint8_t)n;
            for (int i = 0; i < NUX_S_COUNT; i++)
                if (nux_scalar_rows[i].match >> 26 == primary)
                    order[n++] = (uint8_t)i;
            count[primary] = (uint8_t)(n - first[primary]);
        }
        ready = true;
    }
    for (int i = 0; i < count[word >> 26]; i++) {
        const nux_scalar_row *row = &nux_scalar_rows[order[first[word >> 26] + i]];
        if ((word & row->mask) == row->match)
            return row;
    }
    return NULL;
}

static bool known_spr(uint32_t number) {
    switch (number) {
    case NUX_SPR_XER: case NUX_SPR_LR: case NUX_SPR_CTR: case NUX_SPR_DEC: case NUX_SPR_SRR0:
    case NUX_SPR_SRR1: case NUX_SPR_DECAR: case NUX_SPR_CSRR0: case NUX_SPR_CSRR1:
    case NUX_SPR_DEAR: case NUX_SPR_ESR: case NUX_SPR_GIN: case NUX_SPR_GOUT: case NUX_SPR_GOE:
    case NUX_SPR_ICCR: case NUX_SPR_TBL: case NUX_SPR_TBU: case NUX_SPR_TSR: case NUX_SPR_TCR:
    case NUX_SPR_MCSRR0: case NUX_SPR_MCSRR1:
        return true;
    default: return false;
    }
}

static bool needs_native(const nux_decoded *d) {
    uint32_t w = d->word;
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    if (d->kind == NUX_KIND_NATIVE) { /* link and count register are the engine's too */
        uint32_t spr = (w >> 16 & 31) | (w >> 6 & 0x3e0);
        bool moves = d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR;
        return !moves || (spr != NUX_SPR_LR && spr != NUX_SPR_CTR);
    }
    if (!is_memory(d))
        return false; /* shifts and divides too, if their operand can be checked */
    bool invalid_update = row->update && (RA(w) == 0 || (d->kind == NUX_KIND_LOAD && RA(w) == RT(w)));
    bool lha_quirk = (d->id == NUX_S_LHA || d->id == NUX_S_LHAU) && w & 0x8000;
    return row->size < 0 || invalid_update || lha_quirk;
}

static void decode(nux_decoded *d, uint32_t word) {
    *d = (nux_decoded){.word = word, .kind = NUX_KIND_UNDEFINED, .native = true};
    if (nux_vdecode(word, &d->vector)) {
        d->kind = NUX_KIND_VECTOR;
        return;
    }
    const nux_scalar_row *row = scalar_row(word);
    if (!row)
        return;
    d->id = (uint8_t)(row - nux_scalar_rows);
    if ((d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR) &&
        !known_spr((word >> 16 & 31) | (word >> 6 & 0x3e0)))
        return;
    if (d->id == NUX_S_BCCTR && !(word & 4u << 21)) /* decrements CTR: an invalid form */
        return;
    d->kind = row->kind;
    d->native = needs_native(d);
}

/* Marks the words of a page that a direct branch of the page goes to. */
static void find_labels(const nux_decoded *words, bool labels[PAGE_WORDS]) {
    memset(labels, 0, PAGE_WORDS * sizeof *labels);
    for (uint32_t i = 0; i < PAGE_WORDS; i++) {
        uint32_t w = words[i].word;
        int32_t displacement = words[i].id == NUX_S_B ? (int32_t)(w << 6) >> 6 : (int16_t)w;
        bool direct = words[i].kind == NUX_KIND_BRANCH && !(w & 2) &&
                      (words[i].id == NUX_S_B || words[i].id == NUX_S_BC);
        int64_t target = (int64_t)i + (displacement >> 2);
        if (direct && target >= 0 && target < PAGE_WORDS)
            labels[target] = true;
    }
}

static bool any_unknown(const value registers[32]) {
    for (int r = 0; r < 32; r++)
        if (!registers[r].known)
            return true;
    return false;
}

/* Decides which plain loads and stores must be native. */
static void choose_native(const nux_processor *p, nux_decoded *words) {
    bool labels[PAGE_WORDS];
    value registers[32];
    find_labels(words, labels);
    forget_changes(registers);
    for (uint32_t i = 0; i < PAGE_WORDS; i++) {
        nux_decoded *d = &words[i];
        if (labels[i]) {
            /* Code falls into a loop whose loads would not be checkable in the block that
             * comes from above: end that block before the loop. */
            if (i && any_unknown(registers) && !words[i - 1].native &&
                words[i - 1].kind != NUX_KIND_BRANCH)
                words[i - 1].native = words[i - 1].splits = true;
            forget_changes(registers);
        }
        check c = check_of(p, d, registers);
        if (!d->native && c.needed && !can_check(&c))
            d->native = true;
        if (d->native || d->kind == NUX_KIND_BRANCH)
            forget_changes(registers);
        else
            follow(d, registers);
    }
}

/* Word that the engine fetches for a plain one: without the bits that the chip ignores. */
static uint32_t plain_word(const nux_decoded *d) {
    return d->word & ~nux_scalar_rows[d->id].reserved;
}

static void write_fetch_view(nux_region *region, uint32_t page) {
    const nux_decoded *words = region->pages[page];
    uint8_t *fetch = region->fetch + page * PAGE_BYTES;
    uint32_t end = PAGE_WORDS;
    for (uint32_t i = PAGE_WORDS; i-- > 0;) {
        if (words[i].native)
            nux_put32(fetch + 4 * i, 0x48000000 | (end - i) * 4);
        else {
            nux_put32(fetch + 4 * i, plain_word(&words[i]));
            end = i;
        }
    }
}

nux_region *nux_region_of(nux_processor *p, uint32_t pc) {
    for (int i = 0; i < 3; i++)
        if (pc - p->regions[i].base < p->regions[i].size)
            return &p->regions[i];
    return NULL;
}

/* Plans follow from the translation: after a change of it, none is valid. */
void nux_forget_plans(nux_processor *p) {
    for (uint32_t i = 0; i < NUM_PLANS; i++) {
        if (p->plans[i] != &p->no_plan)
            free(p->plans[i]);
        p->plans[i] = &p->no_plan;
    }
    p->previous = &p->start;
}

/* Decodes a page and fills its fetch view; 0, or -1 without memory. Words stay native or
 * executed if they were and have not changed. */
int nux_translate_page(nux_processor *p, nux_region *region, uint32_t page) {
    const uint8_t *source = region->source + page * PAGE_BYTES;
    nux_decoded *old = region->pages[page];
    nux_decoded *words = malloc(PAGE_WORDS * sizeof *words);
    if (!words)
        return -1;
    for (uint32_t i = 0; i < PAGE_WORDS; i++)
        decode(&words[i], nux_get32(source + 4 * i));
    choose_native(p, words);
    for (uint32_t i = 0; old && i < PAGE_WORDS; i++)
        if (old[i].word == words[i].word) {
            words[i].native |= old[i].native;
            words[i].executed = old[i].executed;
        }
    if (old)
        nux_forget_plans(p);
    free(old);
    region->pages[page] = words;
    write_fetch_view(region, page);
    return 0;
}

const nux_decoded *nux_decoded_at(nux_processor *p, uint32_t pc) {
    nux_region *region = nux_region_of(p, pc);
    if (!region)
        return NULL;
    uint32_t offset = pc - region->base;
    const nux_decoded *words = region->pages[offset / PAGE_BYTES];
    return words ? &words[offset % PAGE_BYTES / 4] : NULL;
}

/* Takes one more instruction over from the engine. */
void nux_make_native(nux_processor *p, uint32_t pc) {
    nux_region *region = nux_region_of(p, pc);
    uint32_t offset = pc - region->base;
    region->pages[offset / PAGE_BYTES][offset % PAGE_BYTES / 4].native = true;
    write_fetch_view(region, offset / PAGE_BYTES);
    nux_forget_plans(p);
    p->flush = p->leave = true;
}

/* Bytes in fetch addresses changed: translate the pages again if code there has run. */
void nux_code_written(nux_processor *p, uint32_t address, uint32_t n) {
    nux_region *region = nux_region_of(p, address);
    if (!region || !n)
        return;
    uint32_t first = (address - region->base) / 4;
    uint32_t last = (address - region->base + n - 1) / 4;
    for (uint32_t i = first; i <= last && i < region->size / 4; i++) {
        uint32_t page = i / PAGE_WORDS;
        if (!region->pages[page]) {
            i = (page + 1) * PAGE_WORDS - 1;
            continue;
        }
        const nux_decoded *d = &region->pages[page][i % PAGE_WORDS];
        if (d->executed && d->word != nux_get32(region->source + 4 * i)) {
            p->stale = p->leave = true;
            return;
        }
    }
}

/* Forgets all translations, for a new program. */
void nux_translation_drop(nux_processor *p) {
    for (int r = 0; r < 3; r++) {
        nux_region *region = &p->regions[r];
        for (uint32_t page = 0; page < region->size / PAGE_BYTES; page++) {
            if (!region->pages[page])
                continue;
            free(region->pages[page]);
            region->pages[page] = NULL;
        }
    }
    nux_forget_plans(p);
    p->code_end = 0;
    p->flush = true;
    p->stale = false;
}

/* Cycles of the plain part of a block: single issue in order, with the latencies of the table
 * and the wait of a branch for its condition. */
typedef struct {
    uint32_t now, ready[33]; /* by register; 32 is the condition register */
} pipeline;

static void wait_for(pipeline *line, uint32_t r) {
    if (line->ready[r] > line->now)
        line->now = line->ready[r];
}

static void issue(pipeline *line, const nux_decoded *d) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    uint32_t w = d->word, op = w >> 26;
    if (d->kind == NUX_KIND_BRANCH) {
        if (d->id == NUX_S_BC && !(RT(w) & 16))
            wait_for(line, 32);
        line->now++;
        return;
    }
    if (row->dest == NUX_DEST_RA || d->kind == NUX_KIND_STORE)
        wait_for(line, RT(w));
    if (row->dest != NUX_DEST_RA)
        wait_for(line, RA(w));
    if (op == 31 && row->dest != NUX_DEST_NONE)
        wait_for(line, RB(w));
    uint32_t dest = row->dest == NUX_DEST_RT ? RT(w) : row->dest == NUX_DEST_RA ? RA(w) : 33;
    if (dest < 32)
        wait_for(line, dest);
    if (dest < 32)
        line->ready[dest] = line->now + row->latency;
    line->now += row->issue;
    bool compares = d->id >= NUX_S_CMPWI && d->id <= NUX_S_CMPLW;
    if (compares || (row->records && w & 1) || d->id == NUX_S_ANDI_RC || d->id == NUX_S_ADDIC_RC)
        line->ready[32] = line->now + 1;
}

static void set_range(nux_guard *g, uint32_t lowest, uint32_t span) {
    g->low = lowest - g->floor;
    g->span = span;
    g->bound = g->limit - 1 - span - g->floor;
}

/* Adds a check to a block's list, or widens one with the same registers. */
static bool add_guard(nux_processor *p, nux_guard *guards, uint32_t *count, const check *c,
                      uint32_t pc) {
    const value *v = &c->v;
    nux_guard new = {
        .a = v->first == NO_REGISTER ? &zero_register : p->gpr + v->first,
        .b = v->second == NO_REGISTER ? &zero_register : p->gpr + v->second,
        .as = v->first_shift,
        .bs = v->second_shift,
        .is_data = c->limit == p->config.sram_size,
        .align = c->size - 1,
        .floor = c->floor,
        .limit = c->limit,
        .pc = pc,
    };
    uint32_t span = c->size - 1 + v->slack;
    uint64_t end = c->limit ? c->limit : UINT64_C(1) << 32;
    if (end <= (uint64_t)c->floor + span)
        return false; /* never holds */
    for (uint32_t i = 0; i < *count; i++) {
        nux_guard *g = &guards[i];
        int32_t distance = (int32_t)(v->offset - (g->low + g->floor));
        if (g->a != new.a || g->b != new.b || g->as != new.as || g->bs != new.bs ||
            g->floor != new.floor || g->limit != new.limit || g->align != new.align ||
            distance % (int32_t)c->size || distance < -4096 || distance > 4096)
            continue;
        uint32_t merged = g->span + (distance < 0 ? (uint32_t)-distance : 0);
        if (distance >= 0 && (uint32_t)distance + span > merged)
            merged = (uint32_t)distance + span;
        if (distance < 0 && span > merged)
            merged = span;
        if (end <= (uint64_t)c->floor + merged)
            continue;
        set_range(g, distance < 0 ? v->offset : g->low + g->floor, merged);
        return true;
    }
    if (*count == MAX_GUARDS)
        return false;
    set_range(&new, v->offset, span);
    guards[(*count)++] = new;
    return true;
}

void nux_set_code_end(nux_processor *p, uint32_t code_end) {
    p->code_end = code_end;
    nux_forget_plans(p); /* their checks of stores have it built in */
}

static bool is_simple(const nux_guard *g) { return g->b == &zero_register && !g->as; }

/* PROGRESS of the plain instructions at the start of a block. */
uint64_t nux_block_progress(nux_processor *p, uint32_t pc, uint32_t bytes) {
    pipeline line = {0};
    for (uint32_t i = 0; i < bytes / 4; i++)
        issue(&line, nux_decoded_at(p, pc + 4 * i));
    return PROGRESS(bytes / 4, line.now);
}

/* Where the engine goes on after the native instructions from pc on. */
static uint32_t end_of_native(const nux_region *region, uint32_t pc) {
    uint32_t offset = pc - region->base, i = offset % PAGE_BYTES / 4;
    const nux_decoded *words = region->pages[offset / PAGE_BYTES];
    while (i < PAGE_WORDS && words[i].native)
        i++;
    return pc - offset % PAGE_BYTES + 4 * i;
}

/* Makes the plan of a block; NULL when the engine must not run it, because its translation
 * had to change or is stale. */
nux_plan *nux_make_plan(nux_processor *p, uint32_t pc, uint32_t bytes) {
    nux_region *region = nux_region_of(p, pc);
    uint32_t offset = pc - region->base, count = 0, instructions = 0;
    nux_decoded *words = &region->pages[offset / PAGE_BYTES][offset % PAGE_BYTES / 4];
    nux_guard guards[MAX_GUARDS];
    value registers[32];
    nux_plan plan = {.key = PLAN_KEY(pc, bytes)};
    for (uint32_t i = 0; i < bytes / 4; i++)
        if (words[i].word != nux_get32(region->source + offset + 4 * i)) {
            p->stale = p->leave = true;
            return NULL;
        }
    if (region == &p->regions[0] && offset + bytes > p->code_end)
        nux_set_code_end(p, offset + bytes);
    forget_changes(registers);
    for (uint32_t i = 0; i < bytes / 4; i++) {
        nux_decoded *d = &words[i];
        d->executed = true;
        plan.end_pc = pc + 4 * i;
        plan.expected = plan.end_pc + 4;
        if (d->native) {
            plan.expected = end_of_native(region, plan.end_pc);
            plan.native = d;
            break;
        }
        instructions++;
        if (d->kind == NUX_KIND_BRANCH) {
            plan.predictable = d->id == NUX_S_B || d->id == NUX_S_BC ? ~0u : 0;
            break;
        }
        check c = check_of(p, d, registers);
        if (c.needed && (!can_check(&c) || !add_guard(p, guards, &count, &c, plan.end_pc))) {
            nux_make_native(p, plan.end_pc);
            return NULL;
        }
        follow(d, registers);
    }
    plan.progress = nux_block_progress(p, pc, 4 * instructions);
    nux_plan *result = malloc(sizeof *result + count * sizeof *guards);
    if (!result)
        return NULL;
    *result = plan;
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_simple(&guards[i]))
            result->guards[n++] = guards[i];
    result->simple_end = result->guards + n;
    for (uint32_t i = 0; i < count; i++)
        if (!is_simple(&guards[i]))
            result->guards[n++] = guards[i];
    result->guards_end = result->guards + n;
    nux_plan **place = &p->plans[pc / 4 % NUM_PLANS];
    if (*place == p->previous)
        p->previous = &p->start; /* its end has been dealt with */
    if (*place != &p->no_plan)
        free(*place);
    return *place = result;
}
