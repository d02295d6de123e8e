# SPDX-License-Identifier: BSD-3-Clause
"""Profiles: every cycle is counted once, at the right place, and counting changes nothing."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

import nuxkit
from nuxemu import Wait

KERNELS = Path(__file__).resolve().parents[2] / "kernels"


def by_name(profile):
    return {function.name: function for function in profile.functions}


def test_sums_are_those_of_the_run(result):
    profile = result.profile
    for costs in (profile.functions, profile.lines):
        assert sum(cost.cycles for cost in costs) == result.cycles
        assert sum(cost.executed for cost in costs) == result.instructions
    assert sum(profile.folded.values()) == result.cycles
    assert profile.total.cycles == result.cycles
    assert profile.total.executed == result.instructions
    sites = profile.instructions
    assert (sites["waits"].sum(axis=1) <= sites["cycles"]).all()
    assert profile.attributed == 1.0


def test_counting_changes_neither_cycles_nor_results(program, result):
    plain = nuxkit.Chip().run(program)
    assert plain.profile is None
    assert (plain.cycles, plain.instructions) == (result.cycles, result.instructions)
    assert plain.memory == result.memory
    assert plain.registers == result.registers


def test_functions_know_their_calls_and_callees(result):
    functions = by_name(result.profile)
    assert functions["few"].calls == functions["many"].calls == 10
    assert functions["work"].calls == 20
    assert functions["start"].with_callees > functions["work"].with_callees
    assert functions["work"].with_callees == functions["work"].cycles
    assert functions["inlined"].calls == 0
    assert functions["inlined"].executed >= 10


def test_call_paths_share_a_callee_by_calls(result):
    folded = result.profile.folded
    few = sum(n for stack, n in folded.items() if stack[-2:] == ("few", "work"))
    many = sum(n for stack, n in folded.items() if stack[-2:] == ("many", "work"))
    assert abs(few - many) <= 1  # ten calls each, though not of the same length
    assert few + many == by_name(result.profile)["work"].cycles
    assert all(stack[0] == "_reset" for stack in folded)


POINTERS = """\
volatile int total;
typedef void (*op)(int);
__attribute__((noinline)) void work(int n) { for (int i = 0; i < n; i++) total += i; }
__attribute__((noinline)) void other(int n) { total ^= n; }
op ops[2] = {work, other};
__attribute__((noinline)) void direct(void) { work(20); total++; }
__attribute__((noinline)) int turns(int n) { return n ? n + turns(n - 1) + total : 0; }
__attribute__((noinline)) void spin(int n) { do { asm volatile("nop"); } while (--n); }
int start(void) {
    for (int i = 0; i < 40; i++) ops[i & 1](20);
    for (int i = 0; i < 10; i++) direct();
    spin(100);
    spin(50);
    return turns(7) == 0;
}
"""


def test_calls_through_pointers_recursion_and_loops_have_their_share(tmp_path):
    path = tmp_path / "rule.c"
    path.write_text(POINTERS)
    result = nuxkit.Chip().run(nuxkit.build(path), profile=True)
    functions, folded = by_name(result.profile), result.profile.folded
    assert sum(folded.values()) == result.cycles
    calls = {name: functions[name].calls for name in ("work", "other", "direct", "turns", "spin")}
    assert calls == {"work": 30, "other": 20, "direct": 10, "turns": 8, "spin": 2}
    # Twenty of thirty calls of the same length come through a pointer.
    assert folded["work",] == pytest.approx(functions["work"].cycles * 2 / 3, rel=0.01)
    assert folded["other",] == functions["other"].cycles
    assert functions["direct"].with_callees < functions["work"].cycles / 2
    assert functions["work"].with_callees == functions["work"].cycles
    paths = {stack for stack in folded if stack[-1] in ("turns", "spin")}
    assert paths == {("_reset", "__init", "start", name) for name in ("turns", "spin")}


def test_bridges_to_far_code_belong_to_the_function_that_is_called(tmp_path):
    path = tmp_path / "rule.c"
    path.write_text(
        "#include <nux/extmem.h>\n"
        "volatile int sum;\n"
        "__attribute__((noinline)) int near(int x) { return x * 7 + sum; }\n"
        "NUX_EXTERNAL_CODE int far(int x) { return near(x) + near(x + 1); }\n"
        "int start(void) { for (int i = 0; i < 20; i++) sum += far(i); return 0; }\n"
    )
    result = nuxkit.Chip().run(nuxkit.build(path), profile=True)
    profile = result.profile
    assert profile.attributed == 1.0
    assert sum(line.cycles for line in profile.lines) == result.cycles
    assert sum(profile.folded.values()) == result.cycles
    assert ("_reset", "__init", "start", "far", "near") in profile.folded
    functions = by_name(profile)
    assert (functions["far"].calls, functions["near"].calls) == (20, 40)


def test_a_line_counts_what_it_executed(result):
    lines = {line.line: line for line in result.profile.lines if line.function == "work"}
    assert lines[7].executed >= 3 * 400  # load, add, store
    assert lines[7].executed % 400 == 0


def test_waits_name_their_cause(result):
    """Of a conversion, about 410 cycles, all but its begin is waited for in the next line."""
    cadc = result.profile.total.waits["CADC"]
    assert 350 < cadc < 460
    (line,) = (line for line in result.profile.lines if "CADC" in line.waits)
    assert (line.function, line.line, line.waits["CADC"]) == ("convert", 17, cadc)


KERNEL_OF_WAITS = """\
#include <nux/nux.h>
nux_vector_memory memory;
volatile uint32_t which;
int start(void) {
    nux_vector v = nux_splat8(1);
    if (which == 0) {
        for (int i = 0; i < 50; i++) nux_store(v, &memory);
    } else if (which == 1) {
        for (int i = 0; i < 50; i++) fxvoutx(v, NUX_VECTOR_WEIGHT, i);
    } else if (which == 2) {
        for (int i = 0; i < 50; i++) fxvoutx(v, NUX_VECTOR_EXTMEM, 8 * i);
    } else if (which == 3) {
        for (int i = 0; i < 50; i++) *(volatile uint32_t *)NUX_EXTMEM_DATA_BASE = i;
    } else if (which == 4) {
        for (int i = 0; i < 50; i++) v = fxvmulbm(v, v);
        fxvcmpb(v);
    }
    nux_sync();
    return 0;
}
"""


@pytest.mark.parametrize(
    ("which", "cause"),
    list(enumerate(["SRAM vector traffic", "synapse array", "external memory", "bus", None])),
)
def test_each_kind_of_access_is_its_own_cause(tmp_path, which, cause):
    path = tmp_path / "rule.c"
    path.write_text(KERNEL_OF_WAITS)
    program = nuxkit.build(path).program
    total = nuxkit.Chip().run(program, symbols={"which": which}, profile=True).profile.total
    causes = {"SRAM vector traffic", "synapse array", "external memory", "bus", "CADC"}
    small = {name: n for name, n in total.waits.items() if name in causes and n > 60}
    assert list(small) == ([cause] if cause else [])
    if cause:
        assert small[cause] > 0.5 * total.cycles
    else:
        assert total.waits["vector arithmetic"] > 50


def test_code_that_changes_or_traps_is_counted_too(tmp_path):
    """Blocks that the engine leaves half-way: a trap in their middle."""
    path = tmp_path / "rule.c"
    path.write_text(
        "#include <nux/nux.h>\n"
        "volatile uint32_t *place = (volatile uint32_t *)0x3000;\n"
        "int start(void) { for (;;) { *place = 1; place += 256; } }\n"
    )
    program = nuxkit.build(path).program
    with pytest.raises(nuxkit.KernelTrap) as caught:
        nuxkit.Chip().run(program, profile=True)
    result = caught.value.result
    assert result.profile.total.cycles == result.cycles
    assert result.profile.total.executed == result.instructions


@pytest.mark.parametrize("seed", range(4))
def test_sums_hold_wherever_the_host_stops(program, seed):
    """In pieces of random length, with both processors at work."""
    print(f"seed {seed}")
    draw = random.Random(seed)
    chip = nuxkit.Chip()
    for hemisphere in (0, 1):
        chip.load(program, hemisphere=hemisphere)
        chip.ppu[hemisphere].set_profiling(True)
        chip.start(symbols={"rounds": 40}, hemisphere=hemisphere)
    while chip.is_running(0) or chip.is_running(1):
        chip.advance(draw.randrange(1, 4000) * 4e-9)
        for ppu in chip.ppu:
            assert ppu.profile()["cycles"].sum() == ppu.cycles
            assert ppu.profile()["executed"].sum() == ppu.instructions


def test_sleep_and_interrupts_have_their_places(tmp_path):
    path = tmp_path / "rule.c"
    path.write_text(
        "#include <nux/nux.h>\n#include <nux/interrupt.h>\n#include <nux/timer.h>\n"
        "#include <nux/time.h>\nvolatile uint32_t ticks;\n"
        "NUX_ISR(decrementer) { ticks++; nux_clear_timer_status(NUX_TSR_DECREMENTER); }\n"
        "int start(void) {\n"
        "    nux_enable_interrupts();\n"
        "    nux_start_decrementer(5000);\n"
        "    while (!ticks) { nux_wait(); }\n"
        "    return 0;\n}\n"
    )
    result = nuxkit.Chip().run(nuxkit.build(path).program, profile=True)
    assert result.profile.total.cycles == result.cycles
    assert result.profile.total.waits["sleep"] > 4000
    assert result.profile.total.waits["interrupt entry"] == 5
    assert by_name(result.profile)["nux_isr_decrementer"].executed > 0


def test_kernels_that_ship_are_attributed_to_lines():
    """STDP kernel: at least 99 % of the cycles have a line."""
    program = nuxkit.build(KERNELS / "stdp.c").program
    chip = nuxkit.Chip(seed=2)
    result = chip.run(program, profile=True)
    assert result.profile.total.cycles == result.cycles
    assert result.profile.attributed >= 0.99


def test_experiments_profile_each_run(tmp_path):
    experiment = nuxkit.Experiment(seed=1)
    neurons = experiment.population(300)
    source = experiment.population(4, nuxkit.SpikeSourcePoisson(rate_hz=1e4))
    projection = experiment.projection(source, neurons, weight=10)
    path = tmp_path / "step.c"
    path.write_text("#include <nux/rule.h>\nvoid rule(const nux_call *call) { (void)call; }\n")
    rule = experiment.rule(
        path, timer=nuxkit.Timer(start_s=1e-4, period_s=1e-4, count=8), projections=projection
    )
    experiment.run(5e-4, profile=True)
    first = experiment.profiles
    assert [profile.hemisphere for profile in first] == [0, 1]
    for profile, ppu in zip(first, experiment.chip.ppu, strict=True):
        assert profile.total.cycles == ppu.cycles
        (cost,) = profile.rules
        assert (cost.name, cost.period, cost.late) == ("step", 25000, 0)
        assert cost.invocations in (4, 5)
        assert 0 < cost.minimum <= cost.mean <= cost.maximum < cost.period
    experiment.run(1e-4, profile=True)
    assert experiment.profiles[0].total.cycles == 25000
    experiment.run(1e-3, profile=True)
    third = experiment.profiles[0]
    done = len(rule.invocations()) // 2
    assert first[0].rules[0].invocations + third.rules[0].invocations <= done
    assert first[0].total.cycles + 25000 + third.total.cycles == experiment.chip.ppu[0].cycles


def test_text_json_and_picture_show_the_same(result):
    profile = result.profile
    shown = profile.text(5)
    assert f"{result.cycles} cycles" in shown
    assert "waiting: CADC" in shown
    assert "rule.c:7" in shown
    values = json.loads(json.dumps(profile.as_dict()))
    assert values["total"]["cycles"] == result.cycles
    assert sum(values["folded"].values()) == result.cycles
    assert sum(line["cycles"] for line in values["lines"]) == result.cycles
    annotated = profile.annotated()
    (row,) = [row for row in annotated.splitlines() if "/* line 7 */" in row]
    line = next(line for line in profile.lines if line.line == 7)
    assert row.split()[0] == str(line.cycles)
    ax = profile.flame_graph()
    widths = [bar.get_width() for bar in ax.patches]
    assert max(widths) == pytest.approx(1.0)
    assert {"work", "start"} <= {text.get_text() for text in ax.texts}


def test_recursion_is_shown_once_and_keeps_the_sum(tmp_path):
    path = tmp_path / "rule.c"
    path.write_text(
        "__attribute__((noinline)) unsigned odd(unsigned n);\n"
        "__attribute__((noinline)) unsigned even(unsigned n) {\n"
        "    return n ? odd(n - 1) + 1 : 0;\n}\n"
        "__attribute__((noinline)) unsigned odd(unsigned n) {\n"
        "    return n ? even(n - 1) * 3 : 1;\n}\n"
        "volatile unsigned n = 20;\n"
        "int start(void) { return (int)(even(n) & 1); }\n"
    )
    result = nuxkit.Chip().run(nuxkit.build(path).program, profile=True)
    assert sum(result.profile.folded.values()) == result.cycles
    assert by_name(result.profile)["even"].calls >= 10


def test_waits_are_named_for_every_cause():
    assert np.array_equal(sorted(wait.value for wait in Wait), np.arange(len(Wait)))
