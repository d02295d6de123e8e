// SPDX-License-Identifier: BSD-3-Clause
// The frame of a learning rule: parameters, observables, and a function that is called once per
// period on each processor that has synapses or neurons of the rule.
//
//     #include <nux/rule.h>
//
//     NUX_PARAMETERS((int8_t, step, 1, 0, 63, "weight LSB per period"))
//     NUX_OBSERVABLES((synapse, uint8_t, weights, "LSB"), (scalar, int32_t, calls, "1"))
//
//     void rule(const nux_call *call) {
//         for (uint32_t p = 0; p < call->projections; p++) {
//             const nux_projection *projection = &call->projection[p];
//             nux_row mask = nux_projection_mask(projection);
//             for (uint32_t i = 0; i < projection->rows; i++) {
//                 nux_row weights = nux_get_weights(projection->row[i]);
//                 ... parameters.step ...
//                 nux_set_weights_masked(projection->row[i], weights, mask);
//                 nux_record_row(weights, p, i, weights);
//             }
//         }
//         observables.calls++;
//     }
//
// The host finds the synapses and neurons, calls the rule by its timer, writes parameters
// between invocations, and collects what was recorded. nux/schedule.h is the other side.

#ifndef NUX_RULE_H
#define NUX_RULE_H

#include <nux/each.h>
#include <nux/nux.h>

// Fractions: signed integers that stand for value / 128 and value / 32768.
typedef int8_t nux_frac8;
typedef int16_t nux_frac16;

/// Fraction closest to a constant: NUX_FRAC8(0.125) is 16.
#define NUX_FRAC8(value) ((nux_frac8)((value) * 128 + ((value) < 0 ? -0.5 : 0.5)))
#define NUX_FRAC16(value) ((nux_frac16)((value) * 32768 + ((value) < 0 ? -0.5 : 0.5)))

/// Synapses of a rule in this hemisphere.
typedef struct {
    uint32_t rows;             ///< presynaptic neurons
    const uint8_t *row;        ///< row of each, in their order
    uint32_t columns;          ///< postsynaptic neurons in this hemisphere
    const uint8_t *column;     ///< column of each, in their order
    nux_vector_memory mask[2]; ///< 1 in lanes of these columns, else 0: even, odd columns
} nux_projection;

/// Neurons of a rule in this hemisphere.
typedef struct {
    uint32_t neurons;
    const uint8_t *column;     ///< column of each, in their order
    nux_vector_memory mask[2]; ///< 1 in lanes of these columns, else 0: even, odd columns
} nux_population;

/// One invocation of a rule.
typedef struct {
    uint32_t hemisphere; ///< NUX_TOP or NUX_BOTTOM, where this processor is
    uint32_t index;      ///< number of the invocation, from 0; dropped ones count
    uint64_t time;       ///< of its release, cycles since the start of the processor
    uint32_t projections;
    nux_projection *projection;
    uint32_t populations;
    nux_population *population;
} nux_call;

/// What the author of a rule writes.
void rule(const nux_call *call);

/// Lanes of a projection's or population's columns: 1, others 0.
NUX_INTRINSIC nux_row nux_projection_mask(const nux_projection *projection) {
    return (nux_row){nux_load(&projection->mask[NUX_EVEN]), nux_load(&projection->mask[NUX_ODD])};
}
NUX_INTRINSIC nux_row nux_population_mask(const nux_population *population) {
    return (nux_row){nux_load(&population->mask[NUX_EVEN]), nux_load(&population->mask[NUX_ODD])};
}

// Parameters: NUX_PARAMETERS((type, name, default, least, most, "unit or description"), ...) makes
// a variable `parameters` with these members. Types: int8_t to int32_t, uint8_t to uint32_t,
// float, nux_frac8, nux_frac16 (default and limits as fractions: 0.125). An array is declared by
// its name, as in (uint8_t, target[4], 60, 0, 255, "spikes"); its elements share default and
// limits. The host sets the defaults before the start.

#define NUX_PARAMETERS(...)                                                                        \
    struct nux_parameters {                                                                        \
        NUX_EACH(NUX_PARAMETER_MEMBER, __VA_ARGS__)                                                \
    } parameters;                                                                                  \
    NUX_EACH(NUX_PARAMETER_RECORD, __VA_ARGS__)

#define NUX_PARAMETER_MEMBER(type, name, value, least, most, unit) type name;
#define NUX_PARAMETER_RECORD(type, name, value, least, most, unit)                                 \
    NUX_DESCRIBE('p', "parameter", type, name, value, least, most, unit)

// Observables: NUX_OBSERVABLES((kind, type, name, "unit"), ...), types as above. Kinds:
//   scalar, array   members of a variable `observables`, recorded at the end of each invocation:
//                   (scalar, float, reward, "1"), (array, int32_t, histogram[16], "1")
//   synapse         one value a synapse, recorded by nux_record_row and its relatives
//   neuron          one value a neuron, recorded by nux_record_neurons and its relatives

#define NUX_OBSERVABLES(...)                                                                       \
    struct nux_observables {                                                                       \
        NUX_EACH(NUX_OBSERVABLE_MEMBER, __VA_ARGS__)                                               \
    } __attribute__((aligned(4))) observables;                                                     \
    enum { NUX_EACH(NUX_OBSERVABLE_NUMBER, __VA_ARGS__) nux_number_of_observables };               \
    NUX_EACH(NUX_OBSERVABLE_TYPE, __VA_ARGS__)                                                     \
    NUX_EACH(NUX_OBSERVABLE_RECORD, __VA_ARGS__)

#define NUX_OBSERVABLE_MEMBER(kind, type, name, unit) NUX_MEMBER_##kind(type, name)
#define NUX_MEMBER_scalar(type, name) type name;
#define NUX_MEMBER_array(type, name) type name;
#define NUX_MEMBER_synapse(type, name)
#define NUX_MEMBER_neuron(type, name)
#define NUX_OBSERVABLE_NUMBER(kind, type, name, unit) NUX_NUMBER_##kind(name)
#define NUX_NUMBER_scalar(name)
#define NUX_NUMBER_array(name)
#define NUX_NUMBER_synapse(name) nux_synapse_observable_##name,
#define NUX_NUMBER_neuron(name) nux_neuron_observable_##name,
#define NUX_OBSERVABLE_TYPE(kind, type, name, unit) NUX_TYPE_##kind(type, name)
#define NUX_TYPE_scalar(type, name)
#define NUX_TYPE_array(type, name)
#define NUX_TYPE_synapse(type, name) typedef type nux_observable_type_##name;
#define NUX_TYPE_neuron(type, name) typedef type nux_observable_type_##name;
#define NUX_OBSERVABLE_RECORD(kind, type, name, unit)                                              \
    NUX_DESCRIBE('o', #kind, type, name, 0, 0, 0, unit)

/// What the host reads from the object file; it does not get into the program.
#define NUX_DESCRIBE(role, kind, type, name, value, least, most, unit)                             \
    NUX_DESCRIBE_AS(__COUNTER__, role, type, name, value, least, most,                             \
                    kind "\0" #type "\0" #name "\0" unit)
#define NUX_DESCRIBE_AS(number, role, type, name, value, least, most, words)                       \
    NUX_DESCRIPTION(number, role, type, name, value, least, most, words)
#define NUX_ELEMENTS(type, name) sizeof(struct { type name; }) / sizeof(nux_type_##type)
#define NUX_DESCRIPTION(number, role, type, name, value, least, most, words)                       \
    static const struct {                                                                          \
        char described;                                                                            \
        uint32_t text_size, line, order, elements;                                                 \
        double default_value, lower_limit, upper_limit;                                            \
        char text[sizeof(words)];                                                                  \
    } nux_description_##number                                                                     \
        __attribute__((section(".nux.rule"), aligned(8), used)) = {                                \
            role,  sizeof(words), __LINE__, number, NUX_ELEMENTS(type, name),                      \
            value, least,         most,     words};

typedef int8_t nux_type_int8_t;
typedef int16_t nux_type_int16_t;
typedef int32_t nux_type_int32_t;
typedef uint8_t nux_type_uint8_t;
typedef uint16_t nux_type_uint16_t;
typedef uint32_t nux_type_uint32_t;
typedef float nux_type_float;
typedef nux_frac8 nux_type_nux_frac8;
typedef nux_frac16 nux_type_nux_frac16;

// Recording. `observable` is a name of the list, p the number of a projection or population of the
// call, i that of a row and j that of a column there. Values go to the record of this invocation;
// what is not recorded in it reads as zero. A number out of range ends the program with a trap.

/// Where the records of a rule are; filled in by the host and the scheduler.
typedef struct {
    const nux_call *call;   ///< the present invocation
    uint32_t record;        ///< address of its record, 0: it has none
    const uint32_t *offset; ///< in the record, of observable * groups + p; 0: not recorded
    uint32_t groups;        ///< entries of `offset` for each observable
    uint32_t base;          ///< address of the first record
    uint32_t size;          ///< bytes of a record
    uint32_t capacity;      ///< number of records that there is memory for
    uint32_t recorded;      ///< records in use
    uint32_t unrecorded;    ///< invocations without record
} nux_recording;

extern nux_recording nux_rule_recording;

/// Address of values of one observable in the record, or 0.
NUX_INTRINSIC uint32_t nux_record_address(uint32_t observable, uint32_t group) {
    const nux_recording *recording = &nux_rule_recording;
    uint32_t offset = recording->offset[observable * recording->groups + group];
    return recording->record && offset ? recording->record + offset : 0;
}

NUX_INTRINSIC uint32_t nux_synapse_address(uint32_t observable, uint32_t size, uint32_t p,
                                           uint32_t i) {
    const nux_call *call = nux_rule_recording.call;
    if (p >= call->projections || i >= call->projection[p].rows) {
        __builtin_trap();
    }
    uint32_t address = nux_record_address(observable, p);
    return address ? address + i * size * NUX_NUM_COLUMNS : 0;
}

NUX_INTRINSIC uint32_t nux_neuron_address(uint32_t observable, uint32_t p) {
    if (p >= nux_rule_recording.call->populations) {
        __builtin_trap();
    }
    return nux_record_address(observable, p);
}

/// Number of a column's value among those of all columns, in the order of vectors: even columns
/// first. Values of 16 bits fill two vectors each, as fxvupckbl and fxvupckbr make them of bytes.
static inline uint32_t nux_column_place(uint32_t size, uint32_t column) {
    uint32_t lane = column / 2;
    if (size == 2) { // the lower half of each slice of 16 lanes, then the upper one
        lane = lane / 8 % 2 * 64 + lane / 16 * 8 + lane % 8;
    }
    return column % 2 * (NUX_NUM_COLUMNS / 2) + lane;
}

/// Address of that value. A vector has its words in reverse order in the external memories.
static inline uint32_t nux_column_address(uint32_t base, uint32_t size, uint32_t column) {
    uint32_t offset = nux_column_place(size, column) * size;
    return base + (base < NUX_EXTMEM_DATA_BASE ? offset : offset ^ (NUX_VECTOR_BYTES - 4));
}

/// Store a vector at an address in the SRAM or an external memory, a multiple of 16.
NUX_INTRINSIC void nux_store_record(nux_vector value, uint32_t address) {
    if (address < NUX_EXTMEM_DATA_BASE) {
        fxvstax(value, (void *)address, 0);
    } else { // in units of 16 bytes; the same distance for both external memories
        fxvoutx(value, NUX_VECTOR_EXTMEM - (NUX_EXTMEM_DATA_BASE >> 4), address >> 4);
    }
}

/// A value a column, 8 bits each.
NUX_INTRINSIC void nux_store_record_row(uint32_t address, nux_row values) {
    if (address) {
        nux_store_record(values.even, address);
        nux_store_record(values.odd, address + NUX_VECTOR_BYTES);
    }
}

/// A value a column, 16 bits each: of every 16 lanes of 8 bits (even columns, odd columns) the
/// left 8 and the right 8, as fxvupckbl and fxvupckbr make them.
typedef struct {
    nux_vector even_left, even_right;
    nux_vector odd_left, odd_right;
} nux_row16;

/// Unsigned values of 8 bits as values of 16 bits.
NUX_INTRINSIC nux_row16 nux_widen(nux_row row) {
    nux_vector zero = nux_splat8(0);
    return (nux_row16){fxvupckbl(zero, row.even, 0), fxvupckbr(zero, row.even, 0),
                       fxvupckbl(zero, row.odd, 0), fxvupckbr(zero, row.odd, 0)};
}

NUX_INTRINSIC void nux_store_record_row16(uint32_t address, nux_row16 values) {
    if (address) {
        nux_store_record(values.even_left, address);
        nux_store_record(values.even_right, address + NUX_VECTOR_BYTES);
        nux_store_record(values.odd_left, address + 2 * NUX_VECTOR_BYTES);
        nux_store_record(values.odd_right, address + 3 * NUX_VECTOR_BYTES);
    }
}

#define NUX_STORE_ELEMENT(observable, address, column, value)                                      \
    do {                                                                                           \
        uint32_t nux_address_ = (address);                                                         \
        nux_observable_type_##observable nux_value_ = (value);                                     \
        if (nux_address_) {                                                                        \
            *(volatile nux_observable_type_##observable *)nux_column_address(                      \
                nux_address_, sizeof nux_value_, column) = nux_value_;                             \
        }                                                                                          \
    } while (0)

#define NUX_CHECK_WIDTH(observable, width)                                                         \
    _Static_assert(sizeof(nux_observable_type_##observable) == (width) / 8,                        \
                   "observable " #observable " does not have " #width " bits")

#define NUX_SYNAPSE_ADDRESS(observable, p, i)                                                      \
    nux_synapse_address(nux_synapse_observable_##observable,                                       \
                        sizeof(nux_observable_type_##observable), p, i)
#define NUX_NEURON_ADDRESS(observable, p) nux_neuron_address(nux_neuron_observable_##observable, p)

/// Row i of a projection, 8 bits a synapse: a nux_row.
#define nux_record_row(observable, p, i, values)                                                   \
    do {                                                                                           \
        NUX_CHECK_WIDTH(observable, 8);                                                            \
        nux_store_record_row(NUX_SYNAPSE_ADDRESS(observable, p, i), values);                       \
    } while (0)
/// Row i of a projection, 16 bits a synapse: a nux_row16.
#define nux_record_row16(observable, p, i, values)                                                 \
    do {                                                                                           \
        NUX_CHECK_WIDTH(observable, 16);                                                           \
        nux_store_record_row16(NUX_SYNAPSE_ADDRESS(observable, p, i), values);                     \
    } while (0)
/// One synapse, any type: row i, column j of a projection.
#define nux_record_synapse(observable, p, i, j, value)                                             \
    NUX_STORE_ELEMENT(observable, NUX_SYNAPSE_ADDRESS(observable, p, i),                           \
                      nux_column_of_projection(p, j), value)
/// All neurons of a population, 8 bits a neuron: a nux_row.
#define nux_record_neurons(observable, p, values)                                                  \
    do {                                                                                           \
        NUX_CHECK_WIDTH(observable, 8);                                                            \
        nux_store_record_row(NUX_NEURON_ADDRESS(observable, p), values);                           \
    } while (0)
/// All neurons of a population, 16 bits a neuron: a nux_row16.
#define nux_record_neurons16(observable, p, values)                                                \
    do {                                                                                           \
        NUX_CHECK_WIDTH(observable, 16);                                                           \
        nux_store_record_row16(NUX_NEURON_ADDRESS(observable, p), values);                         \
    } while (0)
/// One neuron, any type: number j of a population.
#define nux_record_neuron(observable, p, j, value)                                                 \
    NUX_STORE_ELEMENT(observable, NUX_NEURON_ADDRESS(observable, p),                               \
                      nux_column_of_population(p, j), value)

NUX_INTRINSIC uint32_t nux_column_of_projection(uint32_t p, uint32_t j) {
    const nux_projection *projection = &nux_rule_recording.call->projection[p];
    if (j >= projection->columns) {
        __builtin_trap();
    }
    return projection->column[j];
}

NUX_INTRINSIC uint32_t nux_column_of_population(uint32_t p, uint32_t j) {
    const nux_population *population = &nux_rule_recording.call->population[p];
    if (j >= population->neurons) {
        __builtin_trap();
    }
    return population->column[j];
}

#endif
