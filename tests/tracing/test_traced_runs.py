# SPDX-License-Identifier: BSD-3-Clause
"""What a trace holds, its filters and bounds, and that a run is the same with it."""

import json

import numpy as np
import pytest

import nuxkit
from nuxkit import Chip, InputError, Trace, build
from nuxkit.errors import KernelTrap
from nuxkit.trace import KINDS

TEXT = """#include <nux/nux.h>
volatile uint32_t seen;
int start(void) {
    for (uint32_t row = 0; row < 4; row++) {
        nux_vector causal = fxvinx(NUX_VECTOR_CAUSAL, 2 * row); // convert
        fxvoutx(causal, NUX_VECTOR_RESET_CAUSAL, 2 * row);
        fxvoutx(fxvsplatb(row + 7), NUX_VECTOR_WEIGHT, 2 * row + 1); // weights
    }
    asm volatile("sync" ::: "memory");
    seen = *(volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * NUX_OMNIBUS_SYSTIME_WORD);
    nux_mailbox_write_string("done"); // mailbox
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    source = tmp_path_factory.mktemp("traced") / "traced.c"
    source.write_text(TEXT)
    return build(source).program


def run(program, trace=None, **options):
    chip = Chip(seed=3)
    chip.synram[0].weights = np.full((256, 256), 5, np.uint8)
    times_s = np.arange(1, 11) * 1e-7
    chip.add_spikes(
        pre=(times_s, np.arange(10), np.zeros(10, int)), post=(times_s + 5e-8, [9] * 10)
    )
    return chip, chip.run(program, trace=trace, **options)


def test_every_kind_is_there_with_values_and_source_lines(program):
    _, result = run(program, Trace())
    trace = result.trace
    weights = trace["weights"]
    assert len(weights) == 4 * 128
    assert set(weights["old"]) == {5}
    assert (weights["new"] == weights["row"] + 7).all()
    assert (weights["column"] % 2 == 1).all()
    line = TEXT.splitlines().index(
        "        fxvoutx(fxvsplatb(row + 7), NUX_VECTOR_WEIGHT, 2 * row + 1); // weights"
    )
    assert trace.place(0, int(weights["pc"][0])).endswith(f"traced.c:{line + 1}")
    assert list(trace["conversions"]["row"]) == [0, 1, 2, 3]
    assert trace["conversions"]["duration_s"] == pytest.approx(387 * 4e-9)
    assert list(trace["resets"]["row"]) == [0, 1, 2, 3]
    assert set(trace["resets"]["synapses"]) == {128}
    (access,) = trace["bus"]
    assert (access["block"], access["write"]) == ("system time", False)
    text = b"".join(
        int(entry["value"]).to_bytes(entry["size"], "big") for entry in trace["mailbox"]
    )
    assert text.replace(b"\0", b"") == b"done"
    assert list(trace["spikes"]["column"]) == [9] * 10
    assert trace["spikes"]["time_s"] == pytest.approx(np.arange(1, 11) * 1e-7 + 5e-8)
    assert sum(trace.dropped.values()) == 0


@pytest.mark.parametrize("kinds", [None, *KINDS])
def test_a_run_is_the_same_with_a_trace(program, kinds):
    chip, plain = run(program)
    traced_chip, traced = run(program, Trace(None if kinds is None else [kinds]))
    assert (plain.cycles, plain.instructions) == (traced.cycles, traced.instructions)
    assert plain.memory == traced.memory
    assert chip.model.save().sections == traced_chip.model.save().sections
    again = traced_chip.run()
    assert (again.cycles, again.memory) == ((other := chip.run()).cycles, other.memory)
    assert again.trace is None


def test_filters(program):
    _, result = run(program, Trace(["weights", "spikes"], rows=[2], columns=[9, 11]))
    assert set(result.trace) == {"weights", "spikes"}
    assert [tuple(entry) for entry in result.trace["weights"][["row", "column", "new"]]] == [
        (2, 9, 9), (2, 11, 9),
    ]  # fmt: skip
    assert len(run(program, Trace(columns=[8]))[1].trace["spikes"]) == 0
    assert len(run(program, Trace(hemispheres=[1]))[1].trace["weights"]) == 0
    whole = run(program, Trace())[1].trace["conversions"]["time_s"]
    part = run(program, Trace(start_s=whole[1], stop_s=whole[3]))[1].trace["conversions"]["time_s"]
    assert list(part) == list(whole[1:3])


def test_what_has_no_room_is_counted(program):
    trace = run(program, Trace("weights", capacity=100))[1].trace
    assert (len(trace["weights"]), trace.dropped["weights"]) == (100, 4 * 128 - 100)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kinds": ["weight"]}, "'weight'"),
        ({"rows": [256]}, "256"),
        ({"hemispheres": [2]}, "2"),
        ({"capacity": 0}, "capacity"),
        ({"start_s": -1.0}, "start_s"),
        ({"start_s": 2.0, "stop_s": 1.0}, "stop_s is 1.0, but must be after start_s"),
    ],
)
def test_wrong_settings_are_named(options, words):
    with pytest.raises(InputError, match=words):
        Trace(**options)


def test_a_trap_leaves_its_trace(tmp_path):
    source = tmp_path / "trap.c"
    source.write_text(
        '#include <nux/nux.h>\nint start(void) { nux_mailbox_write_string("x");'
        ' asm volatile("trap"); return 0; }\n'
    )
    with pytest.raises(KernelTrap) as caught:
        Chip().run(build(source), trace=Trace())
    assert len(caught.value.result.trace["mailbox"]) > 0


def check_format(content):
    """The rules of Chrome's trace format that a viewer relies on."""
    ends = {}
    for event in content["traceEvents"]:
        assert event["ph"] in "XiM"
        assert isinstance(event["pid"], int)
        assert isinstance(event["name"], str)
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name")
            assert isinstance(event["args"]["name"], str)
            continue
        assert event["ts"] >= 0
        assert isinstance(event["tid"], int)
        if event["ph"] == "i":
            assert event["s"] == "t"
            continue
        assert event["dur"] >= 0
        lane = event["pid"], event["tid"]
        assert event["ts"] >= ends.get(lane, 0) - 1e-6  # slices of a thread do not overlap
        ends[lane] = event["ts"] + event["dur"]


def test_file_for_perfetto(program, tmp_path):
    _, result = run(program, Trace())
    result.trace.to_perfetto(tmp_path / "out.json")
    content = json.loads((tmp_path / "out.json").read_text())
    check_format(content)
    named = {event["name"] for event in content["traceEvents"]}
    assert {"row 0", "[3, 1] 5 > 10", "read system time", "neuron 9"} <= named
    assert content["otherData"]["dropped"]["weights"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    with pytest.raises(nuxkit.DataFileError, match="nowhere"):
        result.trace.to_perfetto(tmp_path / "nowhere" / "out.json")


ACROSS = """#include <nux/nux.h>
int start(void) {
    volatile uint32_t *bottom = (volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE +
        4 * (NUX_OMNIBUS_SYNRAM_WORD + NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE));
    *bottom = 0x01020304; // across
    return 0;
}
"""


def test_what_a_processor_does_to_the_other_array_has_its_own_line(program, tmp_path):
    source = tmp_path / "across.c"
    source.write_text(ACROSS)
    chip = Chip()
    chip.load(program, hemisphere=1)
    trace = chip.run(build(source), trace=Trace("weights")).trace
    weights = trace["weights"]
    assert set(weights["hemisphere"]) == {1}
    assert set(weights["processor"]) == {0}
    assert len(set(weights["new"])) > 1
    trace.to_perfetto(tmp_path / "out.json")
    events = json.loads((tmp_path / "out.json").read_text())["traceEvents"]
    sources = {event["args"]["source"] for event in events if event["ph"] == "i"}
    line = ACROSS.splitlines().index("    *bottom = 0x01020304; // across") + 1
    assert [place.endswith(f"across.c:{line}") for place in sources] == [True]
