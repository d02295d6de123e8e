# SPDX-License-Identifier: BSD-3-Clause
"""Both processors at work at the same time."""

import itertools

import numpy as np
import pytest

import nuxkit
from nuxemu import ChipState
from nuxemu import memory_map as mm
from nuxkit import Chip, KernelTrap, RunLimitError, StopReason

HEADER = r"""
#include <stdint.h>
#include <nux/nux.h>
// SRAM of the processor of a hemisphere, over the on-chip bus.
#define SRAM(hemisphere, variable)                                                             \
    ((volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * (NUX_OMNIBUS_SRAM_WORD +                \
                           (hemisphere) * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE) +                \
                           (uint32_t)(uintptr_t)&(variable)))
volatile uint32_t self;
"""

BARRIER = (
    HEADER
    + r"""
volatile uint32_t arrived; // written by the other side
volatile uint32_t rounds, pause, seen[16];
static void barrier(void) {
    static uint32_t count;
    *SRAM(1 - self, arrived) = ++count;
    while (arrived < count) {
    }
}
int start(void) {
    volatile uint32_t *total = (volatile uint32_t *)NUX_EXTMEM_DATA_BASE;
    for (uint32_t round = 1; round <= rounds; round++) {
        nux_sleep_cycles(self ? pause : 100);
        if ((round & 1) == self) // the sides take turns: no other order gives the same
            *total = *total * 3 + round;
        barrier();
        seen[round & 15] = *total;
        barrier();
    }
    return (int)*total;
}
"""
)


@pytest.fixture(scope="module")
def barrier(tmp_path_factory):
    return compiled(tmp_path_factory, BARRIER)


def compiled(tmp_path_factory, source):
    path = tmp_path_factory.mktemp("kernel") / "kernel.c"
    path.write_text(source)
    return nuxkit.build(path)


SHARED_UNITS = (
    HEADER
    + r"""
enum { TIMES = 200 };
volatile uint32_t before[TIMES], after[TIMES], found[TIMES];
int start(void) {
    nux_vector_memory lanes;
    for (uint32_t i = 0; i < TIMES; i++) {
        nux_sleep_cycles(self == 2 ? 61 : 97);
        nux_sync();
        before[i] = nux_time_base_low();
        if (self == 0)
            nux_inject_spike(NUX_TOP, 6, 0);
        else if (self == 1)
            found[i] = nux_spike_counter(NUX_TOP, 7);
        else {
            nux_store(nux_get_causal_half(9, NUX_ODD), &lanes);
            found[i] = lanes.u8[20];
        }
        nux_sync();
        after[i] = nux_time_base_low();
    }
    return 0;
}
"""
)


def turns(rounds):
    total, seen = 0, []
    for number in range(1, rounds + 1):
        total = (total * 3 + number) % 2**32
        seen.append(total)
    return seen


def both_at_barrier(chip, program, **symbols):
    chip.load(program, hemisphere=0)
    chip.load(program, hemisphere=1)
    chip.write("self", 0, hemisphere=0)
    chip.write("self", 1, hemisphere=1)
    return chip.run_both(symbols=symbols)


@pytest.mark.parametrize("pause", [1, 77, 1_000, 20_000])
def test_a_barrier_keeps_both_processors_in_step(barrier, pause):
    top, bottom = both_at_barrier(Chip(), barrier, rounds=15, pause=pause)
    assert top.return_code % 2**32 == bottom.return_code % 2**32 == turns(15)[-1]
    np.testing.assert_array_equal(top.symbols["seen"][1:], turns(15))
    np.testing.assert_array_equal(bottom.symbols["seen"][1:], turns(15))
    assert abs(top.cycles - bottom.cycles) < 1_100
    assert top.cycles > 15 * pause


def steps_of(chip, hemisphere, name):
    return chip.read(name, hemisphere=hemisphere).astype(int)


@pytest.mark.parametrize("writer", [0, 1])
def test_a_counter_holds_the_events_up_to_the_cycle_in_which_it_is_read(tmp_path_factory, writer):
    """One processor sends events, the other one counts: no event is missed, none early."""
    program = compiled(tmp_path_factory, SHARED_UNITS)
    chip = Chip(neurons=nuxkit.NeuronParameters(bypass=True))
    chip.synram[0].weights = np.where(np.arange(256)[:, None] == 6, 1, 0) * np.ones((1, 256), int)
    for hemisphere in (0, 1):
        chip.load(program, hemisphere=hemisphere)
        chip.write("self", hemisphere ^ writer, hemisphere=hemisphere)
    chip.run_both()
    sent_from, sent_to = (steps_of(chip, writer, name) for name in ("before", "after"))
    reader = 1 - writer
    counts = steps_of(chip, reader, "found") & 0xFF
    read_from, read_to = (steps_of(chip, reader, name) for name in ("before", "after"))
    assert counts[-1] > 100
    assert (counts >= np.searchsorted(sent_to, read_from)).all()
    assert (counts <= np.searchsorted(sent_from, read_to)).all()


@pytest.mark.parametrize("reader", [0, 1])
def test_sensors_are_read_as_they_are_at_the_cycle(tmp_path_factory, reader):
    """While the other processor looks at the analog part all the time."""
    program = compiled(tmp_path_factory, SHARED_UNITS)
    chip = Chip(correlation=nuxkit.CorrelationConfig.ideal())
    post_s = 3e-6 + 1.5e-6 * np.arange(150)
    pre = (post_s - 1e-7, np.full(150, 9), np.zeros(150, int))
    chip.add_spikes(pre=pre, post=(post_s, np.full(150, 41)), hemisphere=reader)
    for hemisphere in (0, 1):
        chip.load(program, hemisphere=hemisphere)
        chip.write("self", 2 if hemisphere == reader else 1, hemisphere=hemisphere)
    chip.run_both()
    read_from = steps_of(chip, reader, "before")
    post_cycles = post_s * mm.PPU_CLOCK_HZ
    # a conversion takes what is there when it begins, a few cycles behind the first reading
    pairs = np.searchsorted(post_cycles, np.stack((read_from, read_from + 30)), side="right")
    readings = np.rint(180 - 0.5 * np.exp(-1e-7 / 5e-6) * pairs).astype(int)
    found = steps_of(chip, reader, "found")
    assert pairs.max() > 100
    assert ((found <= readings[0]) & (found >= readings[1])).all()


def test_two_runs_are_the_same_in_every_cycle(barrier):
    first, second = (both_at_barrier(Chip(), barrier, rounds=12, pause=300) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.cycles, one.instructions) == (other.cycles, other.instructions)
        assert one.memory == other.memory


COUNTER = (
    HEADER
    + r"""
volatile uint32_t beats, quit;
int start(void) {
    while (!quit)
        beats++;
    return 5;
}
"""
)

WATCHER = (
    HEADER
    + r"""
volatile uint32_t beats_address, quit_address, first, later;
int start(void) {
    volatile uint32_t *beats = (volatile uint32_t *)beats_address;
    first = *beats;
    nux_sleep_cycles(10000);
    later = *beats;
    *(volatile uint32_t *)quit_address = 1;
    return 0;
}
"""
)


def bus_address(program, name, hemisphere):
    word = mm.OMNIBUS_SRAM_WORD + hemisphere * mm.OMNIBUS_HEMISPHERE_WORD_STRIDE
    return mm.OMNIBUS_DATA_BASE + 4 * word + program.program.symbols[name].address


@pytest.mark.parametrize("watching", [0, 1])
def test_different_programs_run_at_the_same_time(tmp_path_factory, watching):
    counter = compiled(tmp_path_factory, COUNTER)
    watcher = compiled(tmp_path_factory, WATCHER)
    chip = Chip()
    chip.load(watcher, hemisphere=watching)
    chip.load(counter, hemisphere=1 - watching)
    chip.write("beats_address", bus_address(counter, "beats", 1 - watching), hemisphere=watching)
    chip.write("quit_address", bus_address(counter, "quit", 1 - watching), hemisphere=watching)
    results = chip.run_both()
    symbols = results[watching].symbols
    assert results[1 - watching].return_code == 5
    # A round of the counting loop takes 10 to 20 cycles.
    assert 10_000 / 30 < symbols["later"] - symbols["first"] < 10_000 / 5
    assert abs(results[0].cycles - results[1].cycles) < 1_500


def test_a_started_program_goes_on_while_the_host_lets_time_pass(tmp_path_factory, nux_cycles):
    chip = Chip()
    chip.load(compiled(tmp_path_factory, COUNTER))
    assert not chip.is_running()
    chip.start()
    beats = []
    for _ in range(3):
        chip.advance(100e-6)
        beats.append(chip.read("beats"))
    steps = np.diff([0, *beats])
    assert chip.is_running() and steps.min() > 500
    assert abs(steps[2] - steps[1]) <= 1
    assert chip.time_s == pytest.approx(300e-6, rel=1e-12)
    nux_cycles(chip.result(), at_least=75_000, at_most=75_100)
    chip.write("quit", 1)
    chip.advance(10e-6)
    assert not chip.is_running()
    assert chip.result().stop.reason is StopReason.FINISHED
    assert chip.result().return_code == 5


def test_a_stopped_processor_stands_still_and_starts_anew(tmp_path_factory):
    chip = Chip()
    chip.load(compiled(tmp_path_factory, COUNTER), hemisphere=1)
    chip.start(hemisphere=1)
    chip.advance(50e-6)
    chip.stop(1)
    beats = chip.read("beats", hemisphere=1)
    chip.advance(50e-6)
    assert chip.read("beats", hemisphere=1) == beats > 0
    chip.start(hemisphere=1, symbols={"beats": 0})
    chip.advance(50e-6)
    assert chip.read("beats", hemisphere=1) == pytest.approx(beats, abs=1)


def test_a_trap_names_its_side_and_leaves_the_other_one_at_work(tmp_path_factory):
    broken = "int start(void) { return *(volatile int *)0x12345678; }"
    chip = Chip()
    chip.load(compiled(tmp_path_factory, COUNTER), hemisphere=0)
    chip.load(compiled(tmp_path_factory, broken), hemisphere=1)
    chip.start(hemisphere=0)
    with pytest.raises(KernelTrap, match="0x12345678") as caught:
        chip.run(hemisphere=1)
    assert caught.value.result.hemisphere == 1
    assert chip.is_running(0) and not chip.is_running(1)
    before = chip.read("beats")
    chip.advance(10e-6)
    assert chip.read("beats") > before
    chip.start(hemisphere=1)
    with pytest.raises(KernelTrap, match="0x12345678"):
        chip.advance(1e-3)


@pytest.mark.parametrize("awaited", [0, 1])
@pytest.mark.parametrize("pause", [3000, 3100, 3300])
def test_a_trap_in_the_step_in_which_the_awaited_program_ends_is_raised(
    tmp_path_factory, awaited, pause
):
    sleep = HEADER + "int start(void) { nux_sleep_cycles(self); %s; }"
    chip = Chip()
    chip.load(compiled(tmp_path_factory, sleep % "__builtin_trap()"), hemisphere=1 - awaited)
    chip.start(hemisphere=1 - awaited, symbols={"self": 3000})
    quiet = compiled(tmp_path_factory, sleep % "return 0")
    with pytest.raises(KernelTrap) as caught:
        chip.run(quiet, hemisphere=awaited, symbols={"self": pause})
    assert caught.value.result.hemisphere == 1 - awaited


def test_each_trap_is_raised_once(tmp_path_factory):
    chip = Chip()
    program = compiled(
        tmp_path_factory,
        HEADER + "int start(void) { nux_sleep_cycles(self); __builtin_trap(); }",
    )
    for hemisphere, pause in ((0, 3_000), (1, 30_000)):
        chip.load(program, hemisphere=hemisphere)
        chip.start(symbols={"self": pause}, hemisphere=hemisphere)
    for hemisphere in (0, 1):
        with pytest.raises(KernelTrap) as caught:
            chip.advance(1e-3)
        assert caught.value.result.hemisphere == hemisphere
    for hemisphere in (0, 1):  # in one step
        chip.start(symbols={"self": 3_000}, hemisphere=hemisphere)
    with pytest.raises(KernelTrap) as caught:
        chip.advance(1e-3)
    assert caught.value.result.hemisphere == 0
    assert "the other processor, too: " in caught.value.__notes__[0]
    chip.advance(1e-3)
    with pytest.raises(KernelTrap) as caught:
        chip.run_both(program, symbols={"self": 3_000})
    assert caught.value.result.hemisphere == 0
    assert "the other processor, too: " in caught.value.__notes__[0]


def test_run_both_names_the_program_that_does_not_end(tmp_path_factory):
    chip = Chip()
    done = compiled(tmp_path_factory, "int start(void) { return 3; }")
    with pytest.raises(RunLimitError, match="after 50") as caught:
        chip.run_both(done, compiled(tmp_path_factory, COUNTER), max_cycles=50_000)
    assert caught.value.result.hemisphere == 1
    assert chip.result(0).return_code == 3
    first, second = chip.run_both(done)
    assert (first.return_code, second.return_code) == (3, 3)


def test_a_run_of_one_side_ends_when_it_ends(tmp_path_factory):
    chip = Chip()
    chip.load(compiled(tmp_path_factory, COUNTER), hemisphere=0)
    chip.start(hemisphere=0)
    wait = "#include <nux/nux.h>\nint start(void) { nux_sleep_cycles(5000); return 1; }"
    result = chip.run(compiled(tmp_path_factory, wait), hemisphere=1)
    assert result.return_code == 1
    assert abs(chip.result(0).cycles - result.cycles) <= 600
    assert chip.is_running(0)


def test_time_bases_count_from_the_own_start(tmp_path_factory):
    source = HEADER + "int start(void) { self = nux_time_base_low(); return 0; }"
    program = compiled(tmp_path_factory, source)
    chip = Chip()
    values = []
    for hemisphere, pause in itertools.product((0, 1), (0.0, 1e-3)):
        chip.advance(pause)
        values.append(chip.run(program, hemisphere=hemisphere).symbols["self"])
    assert len(set(values)) == 1 and values[0] < 1000


def test_the_chip_can_be_saved_in_the_middle_and_goes_on_alike(barrier, tmp_path):
    def begin():
        chip = Chip()
        for h in (0, 1):
            chip.load(barrier, hemisphere=h)
            chip.write_symbols({"self": h, "rounds": 12, "pause": 900}, hemisphere=h)
            chip.start(hemisphere=h)
        return chip

    straight = begin()
    straight.advance(60e-6)
    halfway = begin()
    halfway.advance(23.4e-6)
    state = halfway.model.save()
    state.write(tmp_path / "chip.npz")
    halfway.advance(36.6e-6)
    again = Chip(seed=99)
    again.model.restore(ChipState.read(tmp_path / "chip.npz"))
    assert again.model.save().differences(state) == []
    again.advance(36.6e-6)
    expected = straight.model.save()
    assert halfway.model.save().differences(expected) == []
    assert again.model.save().differences(expected) == []
    assert again.model.save().digest == expected.digest != state.digest
