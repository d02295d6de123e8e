/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of one processor.
 *
 * The scalar engine (Unicorn) translates and runs plain scalar code; everything else is done
 * here. The engine fetches from its own view of each memory, in which every instruction that
 * is taken over ("native") is replaced by a branch to the end of its run of native
 * instructions. That branch ends the engine's block, and the hook at the start of the next
 * block executes the run from the original words (run.c). Data accesses of plain loads and
 * stores are checked once per block from the registers at its start (translate.c); an access
 * that cannot be checked so, or fails the check, is made native.
 */
#ifndef NUX_PROCESSOR_H
#define NUX_PROCESSOR_H
#include "cdef/processor.h"
#include "chip.h"
#include "cycles.h"
#include "memory_map.h"
#include "pipeline.h"
#include "state.h"
#include "vector.h"
#include "vector_states.h"
#include "vector_timing.h"
#include "written.h"
#include <stdbool.h>

#define NO_ADDRESS 0xffffffffu
#define PAGE_WORDS 1024u
#define PAGE_BYTES 4096u
#define SRAM_DATA_PHYSICAL 0x00100000u /* of the data view of the SRAM, in the engine */
#define NUM_PLANS 8192u
#define MSR_EE 0x8000u
#define MSR_WRITABLE 0x00029230u
#define MSR_KEPT_BY_INTERRUPT 0x00021200u /* CE, ME, DE */
#define TSR_DIS 0x08000000u
#define TSR_FIS 0x04000000u
#define TCR_DIE 0x04000000u
#define TCR_FIE 0x00800000u
#define TCR_ARE 0x00400000u
#define ESR_PTR 0x02000000u
#define ESR_WRITABLE 0x0f8f07e2u
#define XER_SO 0x80000000u
#define XER_OV 0x40000000u
#define XER_CA 0x20000000u

enum nux_kind {
    NUX_KIND_PLAIN,
    NUX_KIND_BRANCH,
    NUX_KIND_LOAD,
    NUX_KIND_STORE,
    NUX_KIND_NATIVE,
    NUX_KIND_VECTOR,
    NUX_KIND_UNDEFINED
};
enum nux_request { NUX_REQUEST_PINS = 1, NUX_REQUEST_DOORBELL = 2 };
enum nux_dest { NUX_DEST_NONE, NUX_DEST_RT, NUX_DEST_RA };

typedef struct {
    uint32_t match, mask, reserved;
    uint8_t kind;
    int8_t size;
    uint8_t update, records, dest, carry, issue, latency;
    const char *mnemonic;
} nux_scalar_row;

/* What the checks look at in a vector instruction: bits of registers. */
typedef struct {
    uint64_t used, stored; /* stored: used by strict checks only */
    uint64_t written;
    uint64_t related; /* registers through which correlation readings may go */
} nux_check_use;

/* A decoded word of the original code. */
typedef struct {
    uint32_t word;
    uint8_t kind;     /* enum nux_kind */
    uint8_t native;   /* taken over from the engine */
    uint8_t executed; /* part of a block that ran: stores to it must be noticed */
    uint8_t id;       /* enum nux_scalar_id, for scalar instructions */
    uint8_t slot;     /* of a branch: its place in the predictor if it has one; NO_SLOT: unknown */
    nux_use use;      /* what it needs of the pipeline */
    uint32_t vector_use; /* nux_vector_use of a vector instruction */
    nux_check_use check_use;
    nux_vinsn vector; /* for vector instructions */
} nux_decoded;

#define NO_SLOT 0xff

#define NUX_MAX_SITES 4096u
/* Bits for instructions by address, as many as the SRAM has: others may share one. */
#define NUX_MASK_WORDS 64u
#define NUX_SITE_SLOTS 8192u /* a power of two, more than there are sites */

#define PLAN_KEY(pc, bytes) ((uint64_t)(bytes) << 32 | (pc))
/* Instructions and cycles in one word, which the block hook adds up; begin_block folds it. */
#define PROGRESS(instructions, cycles) ((uint64_t)(instructions) << 32 | (cycles))

/* A check of an address or operand before a block runs: with x = *a << as + *b << bs + low,
 * no bit of `align` is set in x, and x <= bound. */
typedef struct {
    const uint32_t *a, *b; /* general registers; b NULL: none */
    uint32_t low, bound;
    uint32_t raised; /* in `low` and `bound`, above the real floor: see stack.c */
    uint8_t align, as, bs;
    bool stack; /* of accesses through r1 */
} nux_guard;

/* Words of the SRAM that a block reads or writes: those in `mask` (written.h) from the one with the
 * byte *a << as + *b << bs + low on. */
typedef struct {
    uint64_t mask;
    const uint32_t *a, *b; /* general registers; b NULL: none */
    uint32_t low;
    uint8_t as, bs;
    bool is_word; /* the byte is the first one of its word */
} nux_touch;

/* A store that must not meet the stack below r1: its first address is *a << as + *b << bs + low,
 * its last one `span` bytes on, and r1 is `lowered` above its value at the start. */
typedef struct {
    const uint32_t *a, *b;
    uint32_t low, span, lowered;
    uint8_t as, bs;
} nux_store_guard;

/* Where a check comes from. */
typedef struct {
    uint32_t floor; /* lowest value allowed, subtracted in x */
    uint32_t limit; /* end of the allowed range, 0: 2^32 */
    uint32_t span;  /* bytes from the lowest address to the last one */
} nux_guard_origin;

/* A block of plain code, entered in a state of the pipeline: what it costs, and the states at its
 * end. */
typedef struct {
    const nux_pipe *entry;   /* the state at the start */
    const nux_pipe *exit[2]; /* behind it; [1]: the branch goes elsewhere than predicted */
    struct nux_plan *plan;
    uint32_t cycles;  /* of the plain instructions */
    uint32_t other;   /* visit of the same block; 0: there is none */
    bool unpredicted; /* a lone branch to which the fetch was redirected */
    uint64_t count;   /* how often it began */
    uint64_t missed;  /* how often its branch went elsewhere than predicted */
} nux_visit;

enum { NUX_QUICK_GUARDS = 2, NUX_QUICK_TOUCHES = 2, NUX_MAX_VISITS = 1 << 16 };
enum { NUX_MISSED = 1, NUX_TAKEN = 2 };

/* What does not depend on the state. The part that the hook uses fills a line of the host's
 * cache. */
typedef struct nux_plan {
    uint64_t key;     /* PLAN_KEY of the block; 0: no block */
    uint32_t branch;  /* BRANCH_TAG of a branch at its end, or NO_BRANCH */
    uint32_t last[4]; /* visits last time, by NUX_TAKEN and NUX_MISSED of the branch before */
    struct {
        uint32_t low, bound;
    } quick[NUX_QUICK_GUARDS]; /* simple guards, filled up with such that always hold */
    uint8_t a[NUX_QUICK_GUARDS], align[NUX_QUICK_GUARDS]; /* register and alignment of these */
    uint16_t instructions;                                /* plain ones */
    uint8_t slot;                /* place where the branch predictor had the branch last */
    bool has_more;               /* guards or touches than the quick ones */
    bool is_marked, calls_float; /* begins with a mark to meet; ends with one of NUX_MARK_FLOAT */
    struct nux_plan *next;       /* in the same place of the table */

    nux_touch touches[NUX_QUICK_TOUCHES]; /* of one register, not shifted; or with mask 0 */
    const nux_touch *more_touches;
    uint32_t num_more_touches;

    const nux_decoded *native; /* native instructions that end the block, or NULL */
    uint8_t *place;            /* of the branch: nux_decoded.slot */
    uint32_t end_pc;           /* address of the last instruction, or of the first native one */
    uint32_t visits;           /* the newest; 0: there is none */
    uint32_t num_guards, num_store_guards;
    nux_store_guard *store_guards;
    nux_guard guards[]; /* simple ones (one register, not shifted) first */
} nux_plan;

/* A memory that code can run from, translated page by page. */
typedef struct {
    uint32_t base, size;
    uint64_t physical;     /* of the fetch view, in the engine */
    const uint8_t *source; /* original bytes */
    uint8_t *fetch;        /* what the engine fetches */
    nux_decoded **pages;   /* decoded words of each page, NULL: not translated yet */
} nux_region;

typedef struct {
    uint32_t low, high; /* addresses [low, high) */
} nux_stretch;
enum { MAX_UNSYNCED = 8 };

/* Vector registers, and the accumulator and the conditions behind them. */
enum {
    NUX_ACCUMULATOR = NUX_NUM_VECTOR_REGISTERS,
    NUX_CONDITIONS,
    NUX_RAW_REGISTERS = NUX_CONDITIONS /* where correlation readings may be */
};

/* Branch predictor: a place for each of the last branches. */
enum { NUX_BRANCHES = 16 };
typedef struct {
    uint32_t steady;    /* where it goes if nothing of this changes; NOWHERE: something will */
    uint32_t tag;       /* BRANCH_TAG of the branch; 0: empty */
    uint32_t predicted; /* where it goes next time; NOWHERE: its target is not known */
    uint32_t counter;   /* 0 to 3; predicted to be taken from 2 on */
} nux_branch;
#define BRANCH_TAG(pc) ((pc) | 1u)
#define NO_BRANCH 2u
#define NOWHERE 2u

/* All that decides how many cycles the program to come takes, beside the registers. Plain data;
 * `pipe` is up to date only between runs and while native instructions are executed,
 * `vector` after nux_vector_settle. */
typedef struct {
    nux_branch branches[NUX_BRANCHES];
    nux_pipe pipe;
    uint16_t jumped; /* the fetch was redirected, and no instruction has issued since */
    nux_vector_timing vector;
} nux_timing_state;

/* The states of the pipeline that occurred, each once (pipe_table.c). */
typedef struct nux_pipe_node {
    nux_pipe pipe;
    struct nux_pipe_node *next;
} nux_pipe_node;
enum { NUX_PIPE_BUCKETS = 1024, NUX_MAX_PIPES = 4096 };
typedef struct {
    nux_pipe_node *buckets[NUX_PIPE_BUCKETS];
    const nux_pipe *idle; /* the one with nothing under way */
    uint32_t count;
} nux_pipe_table;

/* The deepest store through r1 since reset: its address, and the instruction. */
typedef struct {
    uint32_t lowest, pc;
} nux_depth;

typedef struct nux_profile nux_profile;
typedef struct nux_debug nux_debug;

struct nux_processor {
    /* what the block hook uses */
    nux_visit *previous;     /* block that ran last, or visits[0]: its end is dealt with */
    nux_plan *previous_plan; /* its plan if its branch may be predicted, else no_plan */
    nux_visit *visits;       /* visits[0]: what came before is a state, and no branch */
    uint64_t progress;       /* PROGRESS since it was folded into cycles and instructions */
    uint64_t budget;         /* cycles of progress until the hook must look up */
    uint32_t *gpr;           /* the engine's own register words */
    uint8_t *written;        /* words of the SRAM (written.h); without checks all are */
    uint32_t sram_mask;      /* bits of an address in it */
    int checks;              /* enum nux_checks */
    nux_timing_state timing;

    nux_processor_config config;
    nux_chip *chip;
    nux_array *array;

    /* engine */
    void *engine;
    int (*uc_close)(void *);
    int (*uc_ctl)(void *, uint32_t, ...);
    int (*uc_reg_read)(void *, int, void *);
    int (*uc_reg_write)(void *, int, const void *);
    int (*uc_emu_start)(void *, uint64_t, uint64_t, uint64_t, size_t);
    int (*uc_emu_stop)(void *);
    /* the engine's own register words */
    uint32_t *crf, *lr, *ctr, *so, *ov, *ca;

    uint8_t *sram;
    nux_region regions[3]; /* SRAM, external memory, DRAM */
    uint32_t code_end;     /* end of executed SRAM code: lower stores are native */
    uint32_t stack_limit;
    nux_depth deepest;
    uint8_t marks[NUX_NUM_MARKS]; /* enum nux_mark */

    nux_vstate *vectors;
    nux_parallel_bus parallel_bus;
    void *parallel_bus_user;
    nux_vector_step_fn vector_step;
    void *vector_step_user;

    /* machine state beside the engine's */
    uint32_t pc, msr, srr0, srr1, csrr0, csrr1, mcsrr0, mcsrr1;
    uint32_t decar, tcr, tsr, esr, dear, gout, goe, iccr, gin;
    uint32_t dec_value; /* when stopped */
    uint64_t dec_zero;  /* cycle at which DEC reaches 0; 0: stopped */
    uint64_t time_base_offset, timers_seen;
    uint32_t requests; /* enum nux_request, latched while MSR.EE is set */
    bool asleep;       /* at the `wait` at pc */

    /* run */
    uint64_t origin; /* cycle of the chip at which this processor's cycle 0 was */
    uint64_t cycles, instructions, max_cycles, next_event, next_wall_check;
    uint32_t access_latency; /* extra cycles of the last load or store */
    nux_pipe_table pipes;
    nux_vector_states vector_states;
    uint64_t next_interrupt; /* cycle of the next request that will be taken; UINT64_MAX: none */
    bool held;               /* in reset, by its control register */
    bool confined;           /* an access to what the hemispheres share ends the slice before it */
    uint32_t resume_pc;
    uint32_t executing;         /* address of the native instruction at work, for the trace */
    nux_plan *plans[NUM_PLANS]; /* by pc; never NULL */
    nux_plan
        no_plan; /* of visits[0], where there is none, and of an unpredicted visit in the hook */
    uint32_t num_visits;
    bool has_float_calls; /* some plan has */
    bool crowded;         /* too many plans and states: they are forgotten soon */
    nux_processor *other; /* the other one while both are at work, or NULL */
    bool leave, flush, stale, fetch_failed, data_failed;
    bool engine_branches_only; /* a test: everything else is native */
    bool mailbox_is_native;    /* stores into it, for the trace */
    uint32_t bad_fetch;
    nux_stretch unsynced[MAX_UNSYNCED]; /* vector data stored since the last sync */
    uint32_t num_unsynced;
    nux_stop stop;
    nux_profile *profile; /* NULL: off */
    nux_debug *debug;     /* NULL: no debugger */

    uint64_t vectors_written; /* bit of each register, the accumulator and the conditions */
    uint64_t masks_met[NUX_MASK_WORDS];
    uint64_t raw;     /* registers with correlation readings that nothing was subtracted from */
    uint64_t negated; /* of these, those with weights that readings were subtracted from */
    uint64_t weights; /* registers with weights as they were read */
    uint32_t reading_at[NUX_RAW_REGISTERS]; /* where the reading of each comes from */

    nux_site sites[NUX_MAX_SITES];
    uint16_t site_at[NUX_SITE_SLOTS]; /* number of a site, counted from 1; 0: none */
    size_t num_sites;
    uint64_t num_unlisted;
};

/* checks.c: of a vector instruction; what it uses was not written; before it, when it has to do
 * with a correlation reading; before its write to the vector bus; after its read. */
nux_check_use nux_check_use_of(const nux_vinsn *);
void nux_report_unwritten(nux_processor *, const nux_check_use *, uint32_t pc);
void nux_follow_reading(nux_processor *, const nux_vinsn *);
void nux_check_write(nux_processor *, const nux_vinsn *, uint32_t pc, uint32_t address,
                     const uint8_t *enable);
void nux_check_read(nux_processor *, const nux_vinsn *, uint32_t pc, uint32_t address, int kind);
/* At a reset: what an earlier run left on the stack does not count as written. */
void nux_forget_stack(nux_processor *, uint32_t below);
/* Before a load of plain memory; other addresses are not looked at. */
void nux_check_load(nux_processor *, uint32_t pc, uint32_t address, uint32_t size);
/* With strict checks, before arithmetic. */
void nux_check_saturation(nux_processor *, const nux_vinsn *, uint32_t pc);

/* stack.c: after a native store, before a vector store. */
void nux_stack_stored(nux_processor *, uint32_t w, uint32_t pc, uint32_t address);
void nux_check_below_stack(nux_processor *, uint32_t pc, uint32_t address, uint32_t n);
/* Before a block that has just got its plan, or whose checks fail, maybe since the stack grows. */
void nux_follow_stack(nux_processor *, nux_plan *, uint32_t pc, uint32_t bytes);
/* Makes the stores native that may meet the stack below r1. */
void nux_take_over_stores(nux_processor *, uint32_t pc, uint32_t bytes);
bool nux_stores_hold(const nux_processor *, const nux_plan *);

/* calls.c: calls of functions with marks. */
uint32_t nux_marks_at(const nux_processor *, uint32_t pc);
void nux_meet_mark(nux_processor *, uint32_t pc);
/* At the line that called, if the instruction is of a function of NUX_MARK_LEAF. */
void nux_report_at_call(nux_processor *, uint32_t pc, uint32_t kind);
/* Whether a branch at pc goes to such a function. */
bool nux_calls_float(nux_processor *, const nux_decoded *, uint32_t pc);
void nux_report_float_calls(nux_processor *, const nux_visit *);
/* Before counts of visits are forgotten, or sites read. */
void nux_fold_float_calls(nux_processor *);

/* engine.c */
int nux_engine_open(nux_processor *, const nux_engine_api *, char *error, size_t error_size);

/* decode.c */
void nux_decode(nux_decoded *, uint32_t word);

/* translate.c */
nux_region *nux_region_of(nux_processor *, uint32_t pc);
int nux_translate_page(nux_processor *, nux_region *, uint32_t page);
const nux_decoded *nux_decoded_at(nux_processor *, uint32_t pc);
void nux_make_native(nux_processor *, uint32_t pc);
void nux_code_written(nux_processor *, uint32_t address, uint32_t n);
void nux_translation_drop(nux_processor *);
void nux_forget_plans(nux_processor *);

/* plan.c */
nux_plan *nux_make_plan(nux_processor *, uint32_t pc, uint32_t bytes);
/* Looks at each access of a block that is about to run. False: the engine must not run it now. */
bool nux_check_block(nux_processor *, uint32_t pc, uint32_t bytes);
void nux_set_code_end(nux_processor *, uint32_t code_end);

/* visit.c: a block, entered in a state. */
bool nux_visits_open(nux_processor *);
void nux_visits_close(nux_processor *);
nux_visit *nux_find_visit(nux_processor *, nux_plan *, const nux_pipe *entry, bool jumped);
/* What came before is this state, and no branch. */
void nux_start_from(nux_processor *, const nux_pipe *);
/* PROGRESS of the first instructions of a block; *pipe becomes the state behind them. */
uint64_t nux_cost_of(nux_processor *, uint32_t pc, uint32_t instructions, nux_pipe *pipe);

/* pipe_table.c: the one copy of a state, in its normal form. */
const nux_pipe *nux_pipe_find(nux_processor *, nux_pipe *);
void nux_pipe_forget_all(nux_processor *);

/* branch.c: the branch at the end of the block that ran last went to pc. Adds its penalty to the
 * progress; returns NUX_TAKEN and NUX_MISSED. */
uint32_t nux_resolve_branch(nux_processor *, uint32_t pc);

/* timing.c: of instructions that are executed natively. */
void nux_time_issue(nux_processor *, const nux_decoded *);
void nux_time_access(nux_processor *, const nux_use *);
void nux_timing_reset(nux_processor *);

/* vector_states.c: the vector unit, by states that are kept. Cycles until an instruction can issue,
 * and its issue (vector_issue.h has the usual case). */
uint32_t nux_vector_ask(nux_processor *, uint32_t use);
void nux_vector_issue(nux_processor *, const nux_vinsn *, const nux_vector_access *);
/* Cycle at which the vector unit is empty, or has been for a while. */
uint64_t nux_vector_empty(const nux_processor *);
/* Cycle at which the last request to its bus is answered. */
uint64_t nux_vector_bus_answer(const nux_processor *);
/* Brings timing.vector up to date, which it is not while a state is kept. */
void nux_vector_settle(nux_processor *);
void nux_vector_states_forget(nux_processor *);

/* timing_state.c: as part of a saved state. False: it is not one, for a processor at this cycle. */
void nux_timing_write(nux_processor *, nux_writer *);
bool nux_timing_read(nux_reader *, nux_timing_state *, uint64_t cycles);

/* pipeline_use.c */
nux_use nux_use_of(const nux_decoded *);

/* run.c */
void nux_on_block(void *engine, uint64_t address, uint32_t size, void *user);
bool nux_on_tlb(void *engine, uint64_t address, int type, void *result, void *user);
void nux_stop_at(nux_processor *, int reason, uint32_t pc, uint32_t address);
/* Runs until the program ends, traps, or reaches the cycle; the end is in p->stop. */
void nux_run_slice(nux_processor *, uint64_t max_cycles);
/* Ends the present slice at this cycle, if it is not past it already. */
void nux_shorten_slice(nux_processor *, uint64_t max_cycles);

/* alu.c, load_store.c, system.c: the parts of it */
bool nux_execute_alu(nux_processor *, const nux_decoded *, uint32_t pc);
bool nux_execute_load_store(nux_processor *, const nux_decoded *, uint32_t pc);
uint32_t nux_scalar_address(const nux_processor *, const nux_decoded *);
bool nux_execute_system(nux_processor *, const nux_decoded *, uint32_t pc);

/* scalar.c: executes one native scalar instruction; false: leave the block at resume_pc.
 * An undefined word has the id of the instruction that it is an invalid form of, or id 0. */
bool nux_execute_scalar(nux_processor *, const nux_decoded *, uint32_t pc);
bool nux_execute_undefined(nux_processor *, const nux_decoded *, uint32_t pc);
/* vector_io.c: enum nux_reason for an enum nux_array_status; `unknown` is that for an address where
 * nothing is. */
int nux_array_reason(int kind, int unknown);
/* The same for a vector instruction. */
bool nux_execute_vector(nux_processor *, const nux_decoded *, uint32_t pc);
/* Vector data that a scalar access may not see before the next sync. */
bool nux_is_unsynced(const nux_processor *, uint32_t address, uint32_t n);

/* access_order.c: whether an instruction ends the slice, before it */
bool nux_is_put_off(nux_processor *, const nux_decoded *);

/* memory.c: address space that takes memory only where it is touched; NULL: there is none. */
void *nux_reserve(size_t size);

/* memory.c: data accesses; 0 or an enum nux_reason. Values are big-endian, right-aligned. */
int nux_load(nux_processor *, uint32_t address, uint32_t size, uint32_t *value);
int nux_store(nux_processor *, uint32_t address, uint32_t size, uint32_t value);
uint8_t *nux_plain_memory(nux_processor *, uint32_t address, uint32_t n);
int nux_external_space(nux_processor *, uint32_t address, uint8_t **bytes);
/* Bytes of the SRAM were written. */
void nux_sram_written(nux_processor *, uint32_t offset, uint32_t n);
/* Flags of the plain memory behind a data address (written.h), and the offset of that byte; NULL:
 * it is something else. */
uint8_t *nux_written_flags_of(nux_processor *, uint32_t address, uint32_t n, uint32_t *at);

/* sites.c */
/* kind: enum nux_site_kind */
void nux_report(nux_processor *, uint32_t pc, uint32_t kind);
void nux_report_many(nux_processor *, uint32_t pc, uint32_t kind, uint64_t count);
void nux_forget_sites(nux_processor *);
void nux_restore_sites(nux_processor *, const nux_site *, size_t n, uint64_t unlisted);

/* timers.c */
uint64_t nux_time_base(const nux_processor *);
uint32_t nux_dec(const nux_processor *);
void nux_set_dec(nux_processor *, uint32_t value);
void nux_set_time_base(nux_processor *, uint64_t value);
void nux_update_timers(nux_processor *);
bool nux_fit_requests(const nux_processor *);
bool nux_dec_requests(const nux_processor *);
uint64_t nux_next_timer_event(const nux_processor *);

/* interrupt.c */
void nux_set_msr(nux_processor *, uint32_t value);
void nux_schedule(nux_processor *);
uint64_t nux_next_wake(const nux_processor *);
void nux_sleep(nux_processor *, uint32_t pc);
bool nux_take_interrupt(nux_processor *, uint32_t next_pc);
void nux_enter_interrupt(nux_processor *, uint32_t vector, uint32_t srr0, uint32_t esr);

/* Cycle of the chip that the processor has reached. */
static inline uint64_t nux_chip_cycle(const nux_processor *p) { return p->origin + p->cycles; }

/* Hardware time, seconds. */
static inline double nux_now_s(const nux_processor *p) {
    return (double)nux_chip_cycle(p) / NUX_PPU_CLOCK_HZ;
}

static inline bool nux_is_memory(const nux_decoded *d) {
    return d->kind == NUX_KIND_LOAD || d->kind == NUX_KIND_STORE;
}

static inline uint32_t nux_get32(const uint8_t *p) {
    uint32_t v;
    __builtin_memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}

static inline void nux_put32(uint8_t *p, uint32_t v) {
    v = __builtin_bswap32(v);
    __builtin_memcpy(p, &v, 4);
}
#endif
