/* SPDX-License-Identifier: BSD-3-Clause */
/* Decodes words, and says which instructions are never the engine's. */
#include "fields.h"
#include "processor.h"
#include "scalar_table.h"

static uint8_t first_row[65], rows_by_primary[NUX_S_COUNT];

/* Sorts the rows by primary opcode, once, before any processor exists. */
__attribute__((constructor)) static void sort_rows(void) {
    uint8_t n = 0;
    for (uint32_t primary = 0; primary < 64; primary++) {
        first_row[primary] = n;
        for (uint8_t i = 0; i < NUX_S_COUNT; i++)
            if (nux_scalar_rows[i].match >> 26 == primary)
                rows_by_primary[n++] = i;
    }
    first_row[64] = n;
}

static const nux_scalar_row *scalar_row(uint32_t word) {
    for (uint32_t i = first_row[word >> 26]; i < first_row[(word >> 26) + 1]; i++) {
        const nux_scalar_row *row = &nux_scalar_rows[rows_by_primary[i]];
        if ((word & row->mask) == row->match)
            return row;
    }
    return NULL;
}

static bool needs_native(const nux_decoded *d) {
    uint32_t w = d->word;
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    if (d->kind == NUX_KIND_NATIVE) { /* link and count register are the engine's too */
        uint32_t spr = SPR(w);
        bool moves = d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR;
        return !moves || (spr != NUX_SPR_LR && spr != NUX_SPR_CTR);
    }
    if (!nux_is_memory(d))
        return false; /* shifts and divides too, if their operand can be checked */
    bool invalid_update =
        row->update && (RA(w) == 0 || (d->kind == NUX_KIND_LOAD && RA(w) == RT(w)));
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
    if ((d->id == NUX_S_MFSPR || d->id == NUX_S_MTSPR) && !nux_is_spr(SPR(word)))
        return;
    if (d->id == NUX_S_MFSPR && SPR(word) == NUX_SPR_ICCR) /* undefined in the RTL */
        return;
    if (d->id == NUX_S_BCCTR && !(word & 4u << 21)) /* decrements CTR: an invalid form */
        return;
    d->kind = row->kind;
    d->native = needs_native(d);
}

void nux_decode(nux_decoded *d, uint32_t word) {
    decode(d, word);
    d->use = nux_use_of(d);
    d->slot = NO_SLOT;
    if (d->kind == NUX_KIND_VECTOR) {
        d->vector_use = nux_vector_use(&d->vector);
        d->check_use = nux_check_use_of(&d->vector);
    }
}
