/* SPDX-License-Identifier: BSD-3-Clause */
/* What each scalar instruction needs of the pipeline. Facts: public RTL (nux), predecode.sv. */
#include "fields.h"
#include "scalar_table.h"

#define BIT(resource) (UINT64_C(1) << (resource))
#define CR_FIELD(bit) BIT(NUX_PIPE_CR + (bit) / 4)
#define ALL_CR (UINT64_C(0xff) << NUX_PIPE_CR)

/* The other special registers are taken to be there at once. */
static uint32_t spr_resource(uint32_t number) {
    return number == NUX_SPR_LR    ? NUX_PIPE_LR
           : number == NUX_SPR_CTR ? NUX_PIPE_CTR
                                   : NUX_PIPE_NONE;
}

static uint64_t base_register(uint32_t w) { return RA(w) ? BIT(RA(w)) : 0; }

static void use_branch(nux_use *use, const nux_decoded *d) {
    uint32_t w = d->word;
    bool counts = d->id != NUX_S_B && d->id != NUX_S_BCCTR && !(RT(w) & 4);
    if (d->id != NUX_S_B && !(RT(w) & 16))
        use->reads |= CR_FIELD(RA(w));
    if (counts || d->id == NUX_S_BCCTR)
        use->reads |= BIT(NUX_PIPE_CTR);
    if (d->id == NUX_S_BCLR)
        use->reads |= BIT(NUX_PIPE_LR);
    if (counts)
        use->dest = NUX_PIPE_CTR;
    else if (w & 1)
        use->dest = NUX_PIPE_LR;
}

static void use_system(nux_use *use, const nux_decoded *d) {
    uint32_t w = d->word, bits;
    switch (d->id) {
    case NUX_S_MFSPR:
        if (spr_resource(SPR(w)) != NUX_PIPE_NONE)
            use->reads = BIT(spr_resource(SPR(w)));
        break;
    case NUX_S_MTSPR:
        use->reads = BIT(RT(w));
        use->dest = (uint8_t)spr_resource(SPR(w));
        use->writes_xer = SPR(w) == NUX_SPR_XER;
        break;
    case NUX_S_MTMSR:
        use->reads = BIT(RT(w));
        use->drains = true;
        break;
    case NUX_S_RFI:
    case NUX_S_RFCI:
    case NUX_S_RFMCI:
    case NUX_S_MFMSR:
        break;
    case NUX_S_TW:
        use->reads = BIT(RB(w));
        /* fall through */
    case NUX_S_TWI:
        use->reads |= BIT(RA(w));
        use->drains = true;
        break;
    case NUX_S_SYNC:
    case NUX_S_WAIT:
        use->drains = true;
        break;
    case NUX_S_MFOCRF:
    case NUX_S_MFCR:
        use->reads = BIT(RT(w)) | ALL_CR;
        break;
    case NUX_S_MTCRF:
        use->reads = BIT(RT(w));
        for (bits = w >> 12 & 0xff; bits; bits &= bits - 1)
            use->cr_writes |= (uint8_t)(0x80 >> __builtin_ctz(bits));
        break;
    case NUX_S_MCRF:
        use->reads = CR_FIELD(RA(w));
        use->cr_writes = (uint8_t)(1 << RT(w) / 4);
        break;
    default: /* condition logic */
        use->reads = CR_FIELD(RT(w)) | CR_FIELD(RA(w)) | CR_FIELD(RB(w));
        use->cr_writes = (uint8_t)(1 << RT(w) / 4);
    }
}

static bool is_system(const nux_decoded *d) {
    return (d->id >= NUX_S_TWI && d->id <= NUX_S_MFOCRF) || d->id >= NUX_S_RFI;
}

static void use_memory(nux_use *use, const nux_decoded *d) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    uint32_t w = d->word;
    use->is_load = d->kind == NUX_KIND_LOAD;
    use->is_store = !use->is_load;
    use->reads = row->update ? BIT(RA(w)) : base_register(w);
    if (w >> 26 == 31)
        use->reads |= BIT(RB(w));
    if (use->is_store)
        use->reads |= BIT(RT(w));
    if (row->update) {
        use->updated = (uint8_t)RA(w);
        /* A load writes its address with the second of its two cycles. */
        use->update_latency = use->is_load ? NUX_CYCLES_UPDATE + 1 : NUX_CYCLES_UPDATE;
    }
}

static void use_arithmetic(nux_use *use, const nux_decoded *d) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    uint32_t w = d->word, op = w >> 26;
    bool rotates = d->id == NUX_S_RLWIMI || d->id == NUX_S_RLWINM || d->id == NUX_S_RLWNM;
    if (row->dest == NUX_DEST_RA)
        use->reads = BIT(RT(w)) | (d->id == NUX_S_RLWIMI ? BIT(RA(w)) : 0);
    else
        use->reads = op == 14 || op == 15 ? base_register(w) : BIT(RA(w));
    if ((op == 31 && d->id != NUX_S_SRAWI && !(row->reserved & 0xf800)) || d->id == NUX_S_RLWNM)
        use->reads |= BIT(RB(w));
    if (row->dest == NUX_DEST_NONE)
        use->cr_writes = (uint8_t)(1 << RT(w) / 4); /* compares */
    if ((row->records && w & 1) || d->id == NUX_S_ANDI_RC || d->id == NUX_S_ANDIS_RC ||
        d->id == NUX_S_ADDIC_RC)
        use->cr_writes |= 1;
    bool overflow = op == 31 && !rotates && !(row->mask & 0x400) && !(row->reserved & 0x400) &&
                    w & 0x400;
    use->writes_xer = row->carry || overflow;
}

nux_use nux_use_of(const nux_decoded *d) {
    const nux_scalar_row *row = &nux_scalar_rows[d->id];
    uint32_t w = d->word;
    nux_use use = {
        .dest = NUX_PIPE_NONE, .updated = NUX_PIPE_NONE, .latency = 1, .cycles = 1};
    if (d->kind == NUX_KIND_VECTOR) {
        if (d->vector.unit == NUX_UNIT_MEMORY || d->vector.unit == NUX_UNIT_BUS)
            use.reads = base_register(w) | BIT(RB(w));
        else if (d->vector.kind == NUX_VSPLAT)
            use.reads = base_register(w);
        return use;
    }
    if (d->kind == NUX_KIND_UNDEFINED)
        return use;
    use.stays = true;
    use.latency = row->latency;
    use.cycles = row->issue;
    if (row->dest == NUX_DEST_RT)
        use.dest = (uint8_t)RT(w);
    else if (row->dest == NUX_DEST_RA)
        use.dest = (uint8_t)RA(w);
    if (d->kind == NUX_KIND_BRANCH)
        use_branch(&use, d);
    else if (nux_is_memory(d))
        use_memory(&use, d);
    else if (is_system(d))
        use_system(&use, d);
    else
        use_arithmetic(&use, d);
    if (use.drains)
        use.cycles = 1; /* and the wait until everything has left */
    return use;
}
