# SPDX-License-Identifier: BSD-3-Clause
"""What a rule records comes back in logical order, whatever its type and memory."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuxkit import Chip
from nuxkit.errors import InputError
from nuxkit.rules import PopulationSite, ProjectionSite, RuleInstance, Timer, make_program

TYPES = {
    "int8_t": "i1", "int16_t": "i2", "int32_t": "i4", "uint8_t": "u1", "uint16_t": "u2",
    "uint32_t": "u4", "float": "f4", "nux_frac8": "i1", "nux_frac16": "i2",
}  # fmt: skip
FRACTION_BITS = {"nux_frac8": 7, "nux_frac16": 15}

# Every kind of observable with every type; a value tells where it comes from.
EVERYTHING = (
    "NUX_OBSERVABLES("
    + ",\n".join(
        f'(synapse, {name}, s_{name}, "1"), (neuron, {name}, n_{name}, "1"), '
        f'(scalar, {name}, v_{name}, "1"), (array, {name}, a_{name}[3], "1")'
        for name in list(TYPES)[:8]
    )
    + ")\n"
    + """
static int32_t value(const nux_call *call, uint32_t kind, uint32_t a, uint32_t b, uint32_t c) {
    return (int32_t)((((call->index * 2 + call->hemisphere) * 5 + kind) * 7 + a) * 300 + b) * 300 +
           (int32_t)c;
}
void rule(const nux_call *call) {
"""
    + "".join(
        f"""
    for (uint32_t p = 0; p < call->projections; p++) {{
        for (uint32_t i = 0; i < call->projection[p].rows; i++) {{
            for (uint32_t j = 0; j < call->projection[p].columns; j++) {{
                nux_record_synapse(s_{name}, p, i, j, ({name})value(call, 0, p, i, j));
            }}
        }}
    }}
    for (uint32_t p = 0; p < call->populations; p++) {{
        for (uint32_t j = 0; j < call->population[p].neurons; j++) {{
            nux_record_neuron(n_{name}, p, j, ({name})value(call, 1, p, 0, j));
        }}
    }}
    observables.v_{name} = ({name})value(call, 2, 0, 0, 0);
    for (uint32_t k = 0; k < 3; k++) {{
        observables.a_{name}[k] = ({name})value(call, 3, k, 0, 0);
    }}
"""
        for name in list(TYPES)[:8]
    )
    + "}\n"
)


def values(name, index, hemisphere, kind, a, b, c):
    """What the rule records, as the host shall see it."""
    number = (((np.asarray(index) * 2 + hemisphere) * 5 + kind) * 7 + a) * 300 + b
    number = (number * 300 + c).astype(np.int64)
    converted = number.astype(TYPES[name])
    bits = FRACTION_BITS.get(name, 0)
    return (converted / 2.0**bits).astype(np.float32) if bits else converted


def columns_of(pair, total):
    """Hemisphere and number there of each logical column."""
    hemisphere = np.repeat([0, 1], [len(pair[0]), len(pair[1])])
    number = np.concatenate([np.arange(len(part)) for part in pair])
    assert len(number) == total
    return hemisphere, number


@pytest.mark.parametrize("placement", ["external", "dram"])
def test_every_kind_and_type(describe_text, running, timer, placement):
    projections = [
        ProjectionSite(rows=([255, 0, 7], [3, 4, 200]), columns=([0, 255, 17, 16], [1, 254])),
        ProjectionSite(rows=([9], []), columns=([3], [])),
        ProjectionSite(rows=([], [5, 2]), columns=([], [77, 76])),
    ]
    populations = [
        PopulationSite(columns=([5, 4, 250], [9])),
        PopulationSite(columns=([], [255, 0])),
    ]
    rule = RuleInstance(
        "all", describe_text(EVERYTHING), timer(1000, 2), projections, populations, placement
    )
    program, chip = running(rule, duration_s=3e-3)
    found = program.records(chip, "all")
    assert found.index.tolist() == [0, 1]
    assert found.time_s.tolist() == [0, 1e-3]
    assert found.hemispheres == (0, 1)
    assert found.incomplete == 0
    index = found.index
    for name in list(TYPES)[:8]:
        for p, site in enumerate(projections):
            array = found.arrays[f"s_{name}"][p]
            hemisphere, number = columns_of(site.columns, array.shape[2])
            rows = np.arange(array.shape[1])[None, :, None]
            want = values(name, index[:, None, None], hemisphere, 0, p, rows, number)
            np.testing.assert_array_equal(array, want)
            assert array.dtype == want.dtype
        for p, population in enumerate(populations):
            array = found.arrays[f"n_{name}"][p]
            hemisphere, number = columns_of(population.columns, array.shape[1])
            want = values(name, index[:, None], hemisphere, 1, p, 0, number)
            np.testing.assert_array_equal(array, want)
            assert array.dtype == want.dtype
        scalars = found.arrays[f"v_{name}"]
        np.testing.assert_array_equal(
            scalars, values(name, index[:, None], np.arange(2), 2, 0, 0, 0)
        )
        arrays = found.arrays[f"a_{name}"]
        want = values(name, index[:, None, None], np.arange(2)[:, None], 3, np.arange(3), 0, 0)
        np.testing.assert_array_equal(arrays, want)


ROWS = """
NUX_PARAMETERS((uint8_t, step, 3, 0, 255, "LSB"))
NUX_OBSERVABLES((synapse, uint8_t, weights, "LSB"), (synapse, int16_t, wide, "LSB"),
                (neuron, uint8_t, mask, "1"), (neuron, int16_t, wide_mask, "1"))

void rule(const nux_call *call) {
    for (uint32_t p = 0; p < call->projections; p++) {
        const nux_projection *projection = &call->projection[p];
        nux_row mask = nux_projection_mask(projection);
        for (uint32_t i = 0; i < projection->rows; i++) {
            nux_row weights = nux_get_weights(projection->row[i]);
            weights.even = nux_add8(weights.even, nux_splat8((int8_t)parameters.step));
            weights.odd = nux_add8(weights.odd, nux_splat8((int8_t)parameters.step));
            nux_set_weights_masked(projection->row[i], weights, mask);
            nux_record_row(weights, p, i, weights);
            nux_record_row16(wide, p, i, nux_widen(weights));
        }
    }
    for (uint32_t p = 0; p < call->populations; p++) {
        nux_row mask = nux_population_mask(&call->population[p]);
        nux_record_neurons(mask, p, mask);
        nux_record_neurons16(wide_mask, p, nux_widen(mask));
    }
}
"""


def distinct(count, most):
    return st.lists(st.integers(0, 255), min_size=count, max_size=most, unique=True)


@st.composite
def columns(draw):
    """Columns of both hemispheres, of the same largest number: the same program."""
    both = draw(distinct(6, 6)), draw(distinct(0, 6))
    return both if draw(st.booleans()) else both[::-1]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.tuples(distinct(4, 4), distinct(4, 4)),
    columns=columns(),
    neurons=columns(),
    placement=st.sampled_from(["sram", "external", "dram"]),
    seed=st.integers(0, 99),
)
def test_rows_come_back_in_logical_order(describe_text, rows, columns, neurons, placement, seed):
    check_rows(describe_text, ProjectionSite(rows, columns), neurons, placement, seed)


def test_a_whole_row_and_a_whole_column(describe_text):
    every = list(range(255, -1, -1))
    check_rows(describe_text, ProjectionSite(([9], [8]), (every, every)), (every, every), "dram", 1)
    check_rows(describe_text, ProjectionSite((every, every), ([9], [8])), ([1], [2]), "dram", 2)


def check_rows(describe_text, site, neurons, placement, seed):
    population = PopulationSite(columns=neurons)
    rule = RuleInstance(
        "rows", describe_text(ROWS), Timer(period_s=1e-3, count=1), [site], [population], placement
    )
    program, chip = make_program([rule]), Chip()
    before = np.random.default_rng(seed).integers(0, 61, (2, 256, 256))
    for hemisphere in (0, 1):
        chip.synram[hemisphere].weights = before[hemisphere]
    program.load(chip)
    program.start(chip)
    chip.advance(1e-3)
    changed = before.copy()
    pieces = []
    for hemisphere in (0, 1):
        cut = np.ix_(site.rows[hemisphere], site.columns[hemisphere])
        changed[hemisphere][cut] += 3
        if len(site.columns[hemisphere]):
            pieces.append(changed[hemisphere][cut])
        np.testing.assert_array_equal(chip.synram[hemisphere].weights, changed[hemisphere])
    found = program.records(chip, "rows").arrays
    want = np.concatenate(pieces, axis=1)
    np.testing.assert_array_equal(found["weights"][0], [want])
    np.testing.assert_array_equal(found["wide"][0], [want])
    assert found["wide"][0].dtype == np.int16
    assert found["mask"][0].tolist() == [[1] * sum(map(len, neurons))]
    assert found["wide_mask"][0].tolist() == found["mask"][0].tolist()


COUNTER = """
NUX_OBSERVABLES((scalar, uint32_t, calls, "1"), (neuron, uint8_t, marks, "1"))
void rule(const nux_call *call) {
    observables.calls++;
    if (call->index == 1) {
        nux_record_neuron(marks, 0, 0, 9);
    }
}
"""


def test_what_an_invocation_does_not_record_is_zero(describe_text, timer, running):
    rule = RuleInstance(
        "counter", describe_text(COUNTER), timer(100, 3), populations=[PopulationSite(([7], []))]
    )
    program, chip = running(rule, duration_s=1e-3)
    assert program.records(chip, "counter").arrays["marks"][0].tolist() == [[0], [9], [0]]
    program.set_timer("counter", timer(100, 1))
    program.start(chip)
    chip.advance(1e-3)
    found = program.records(chip, "counter")
    assert found.arrays["marks"][0].tolist() == [[0]]
    assert found.arrays["calls"].tolist() == [[1]]


def test_the_first_invocations_are_kept_and_further_ones_counted(describe_text, timer, running):
    rule = RuleInstance(
        "counter", describe_text(COUNTER), timer(100), populations=[PopulationSite(([7], [8]))],
        capacity=4,
    )  # fmt: skip
    program, chip = running(rule, duration_s=0.95e-3)
    found = program.records(chip, "counter")
    assert found.index.tolist() == [0, 1, 2, 3]
    assert found.arrays["calls"].tolist() == [[1, 1], [2, 2], [3, 3], [4, 4]]
    assert [one.unrecorded for one in program.statistics(chip)] == [6, 6]
    assert [one.invoked for one in program.statistics(chip)] == [10, 10]


def test_only_chosen_observables_are_recorded(describe_text, timer, running):
    description = describe_text(COUNTER)
    places = [PopulationSite(([7], []))]
    for chosen in (["calls"], ["marks"], []):
        rule = RuleInstance("counter", description, timer(100, 3), (), places, record=chosen)
        program, chip = running(rule, duration_s=1e-3)
        assert list(program.records(chip, "counter").arrays) == chosen
        assert [one.unrecorded for one in program.statistics(chip)] == [0]


def test_a_record_is_complete_or_not_there(describe_text, timer, running):
    text = """NUX_OBSERVABLES((scalar, uint32_t, calls, "1"))
    void rule(const nux_call *call) {
        (void)call;
        nux_sleep_cycles(5000);
        observables.calls++;
    }
    """
    program, chip = running(RuleInstance("slow", describe_text(text), timer(40)), duration_s=10e-6)
    assert program.records(chip, "slow").index.tolist() == []
    chip.advance(20e-6)
    assert program.records(chip, "slow").arrays["calls"].tolist() == [[1]]


def place_of(program, chip, name):
    return chip.read(f"{name}_recording.base") >> 28


def test_automatic_placement_takes_the_fastest_memory_with_room(describe_text, timer, running):
    description = describe_text(COUNTER)
    places = [PopulationSite(([7], []))]
    for count, memory in ((3, 0x0), (100, 0x4), (1000, 0x5)):
        rule = RuleInstance("counter", description, timer(100, count), (), places)
        program, chip = running(rule, duration_s=0.5e-3)
        assert place_of(program, chip, "counter") == memory
        calls = program.records(chip, "counter").arrays["calls"]
        assert calls.tolist() == [[n + 1] for n in range(min(5, count))]


def test_too_little_memory_is_refused_with_its_size(describe_text, timer):
    description = describe_text(COUNTER)
    places = [PopulationSite(([7], []))]
    for placement, count, words in (
        ("sram", 1000, r"rule counter: 1000 records need \d+ bytes, but there are \d+ left of the "
                       r"SRAM"),
        ("external", 1000, "left of the external memory"),
        ("dram", 10_000_000, "left of the external DRAM"),
        ("auto", 10_000_000, "left of the external DRAM"),
    ):  # fmt: skip
        rule = RuleInstance("counter", description, timer(100, count), (), places, placement)
        with pytest.raises(InputError, match=words):
            make_program([rule]).load(Chip())


def test_the_stack_does_not_grow_into_records(describe_text, timer, running):
    rule = RuleInstance(
        "counter", describe_text(COUNTER), timer(100, 8), populations=[PopulationSite(([7], []))],
        placement="sram",
    )  # fmt: skip
    program, chip = running(rule, duration_s=1e-3)
    base, size = (chip.read(f"counter_recording.{name}") for name in ("base", "size"))
    report = program.build.report
    assert base >= program.build.program.symbols["__stack_limit"].address
    assert base + 8 * size + report.stack.size <= 0x2FF0


@pytest.mark.parametrize(
    "call",
    ["nux_record_neuron(marks, 1, 0, 1)", "nux_record_neuron(marks, 0, 1, 1)"],
)
def test_numbers_out_of_range_trap_at_their_line(describe_text, timer, call):
    from nuxkit import KernelTrap

    text = f"""NUX_OBSERVABLES((neuron, uint8_t, marks, "1"))
    void rule(const nux_call *call) {{
        (void)call;
        {call};
    }}
    """
    rule = RuleInstance(
        "wrong", describe_text(text), timer(100), populations=[PopulationSite(([7], []))]
    )
    program, chip = make_program([rule]), Chip()
    program.load(chip)
    program.start(chip)
    with pytest.raises(KernelTrap) as caught:
        chip.advance(1e-3)
    assert str(caught.value).splitlines()[0].split(": ")[0].endswith("own_rule.c:5")
    assert "nux_record_... is given does not exist" in str(caught.value)
