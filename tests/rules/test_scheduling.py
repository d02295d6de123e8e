# SPDX-License-Identifier: BSD-3-Clause
"""Earliest deadline first, against a twin in Python; missed and dropped invocations."""

import numpy as np
import pytest

from nuxkit import Chip
from nuxkit.errors import InputError
from nuxkit.rules import PopulationSite, RuleInstance, Timer, make_program

BUSY = """
NUX_PARAMETERS((uint32_t, cycles, 0, 0, 100000000, "cycles"))
void rule(const nux_call *call) {
    (void)call;
    nux_sleep_cycles(parameters.cycles);
}
"""
CLOCK_HZ = 250e6


class Twin:
    """The scheduler, in cycles: which invocation begins when the processor is free?"""

    def __init__(self, timers):
        self.timers = timers
        self.release = [timer.start_cycles for timer in timers]
        self.index = [0] * len(timers)
        self.dropped = [0] * len(timers)

    def copy(self):
        other = Twin(self.timers)
        other.release, other.index = list(self.release), list(self.index)
        other.dropped = list(self.dropped)
        return other

    def drop(self, now):
        for task, timer in enumerate(self.timers):
            while self.more(task) and now >= self.release[task] + timer.period_cycles:
                self.release[task] += timer.period_cycles
                self.index[task] += 1
                self.dropped[task] += 1

    def more(self, task):
        count = self.timers[task].count
        return count is None or self.index[task] < count

    def choose(self, now):
        """Task and number of the invocation that begins at `now`, None when there is none."""
        self.drop(now)
        ready = [
            (self.release[task] + timer.period_cycles, task)
            for task, timer in enumerate(self.timers)
            if self.more(task) and self.release[task] <= now
        ]
        if not ready:
            return None
        _, task = min(ready)
        return task, self.index[task], self.release[task]

    def begin(self, task):
        self.release[task] += self.timers[task].period_cycles
        self.index[task] += 1


def cycles(seconds):
    return round(seconds * CLOCK_HZ)


#: Longest time between a look at the clock and the begin of the chosen invocation.
CHOICE_CYCLES = 1000


def follow(timers, log, names):
    """Replay a log with the twin, which must make the choices of the log.

    The processor looks at the clock after the end of an invocation, shortly before the begin
    of the next one; when, is not logged. The choice must be right for one such moment.
    """
    twin, free, missed = Twin(timers), 0, [0] * len(timers)
    for entry in log:
        begin = cycles(entry["begin_s"])
        task = names.index(entry["rule"])
        want = task, entry["index"], cycles(entry["release_s"])
        first = max(free, begin - CHOICE_CYCLES)
        twin.drop(first)
        steps = {
            release + add * timer.period_cycles
            for release, timer in zip(twin.release, timers, strict=True)
            for add in (0, 1)
        }
        for now in sorted({first, begin} | {step for step in steps if first < step < begin}):
            attempt = twin.copy()
            choice = attempt.choose(now)
            if choice == want:
                break
        assert choice == want
        twin = attempt
        twin.begin(task)
        free = cycles(entry["end_s"])
        missed[task] += free > want[2] + timers[task].period_cycles
    return twin, missed


@pytest.mark.parametrize("seed", range(6))
def test_the_earliest_deadline_goes_first(describe_text, running, seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 6))
    timers = [
        Timer(
            start_s=float(random.integers(0, 50)) * 1e-6,
            period_s=float(random.integers(20, 200)) * 1e-6,
            count=None if random.random() < 0.5 else int(random.integers(1, 40)),
        )
        for _ in range(count)
    ]
    share = random.uniform(0.3, 1.5)  # of the processor's time, above 1: too much to do
    lengths = [int(share / count * timer.period_cycles) for timer in timers]
    description = describe_text(BUSY)
    names = [f"task{number}" for number in range(count)]
    rules = [
        RuleInstance(name, description, timer) for name, timer in zip(names, timers, strict=True)
    ]
    program, chip = make_program(rules), Chip()
    program.load(chip)
    for name, length in zip(names, lengths, strict=True):
        program.set_parameters(chip, name, cycles=length)
    program.start(chip)
    chip.advance(4e-3)
    log = program.invocations(chip)
    assert len(log) > 20
    twin, missed = follow(timers, log, names)
    found = program.statistics(chip)
    assert [one.missed for one in found] == missed, f"seed {seed}"
    twin.drop(cycles(log["end_s"][-1]))
    # What is dropped next is not decided yet when the run ends.
    for one, dropped in zip(found, twin.dropped, strict=True):
        assert abs(one.dropped - dropped) <= 1 + (one.invoked == 0)
        assert one.invoked == np.count_nonzero(log["rule"] == one.rule)


def test_begin_follows_release_at_once_when_the_processor_is_free(describe_text, timer, running):
    rule = RuleInstance("idle", describe_text(BUSY), timer(50, 20, start_us=3.2))
    program, chip = running(rule, duration_s=2e-3)
    log = program.invocations(chip)
    np.testing.assert_allclose(log["release_s"], 3.2e-6 + 50e-6 * np.arange(20), atol=1e-12)
    late = log["begin_s"] - log["release_s"]
    assert (late > 0).all()
    assert (late < 1.5e-6).all()
    assert not chip.is_running(0)  # all done


def test_missed_and_dropped_are_counted_to_the_invocation(describe_text, timer):
    # 25 us of work every 10 us: begins at 0, ends at 25; the releases at 10 is dropped (its
    # deadline 20 has passed), the one at 20 begins at 25 and ends at 50; and so on.
    rule = RuleInstance("late", describe_text(BUSY), timer(10, 31))
    program, chip = make_program([rule]), Chip()
    program.load(chip)
    program.set_parameters(chip, "late", cycles=24 * 250)  # and about 1 us around it
    program.start(chip)
    chip.advance(1e-3)
    (found,) = program.statistics(chip)
    log = program.invocations(chip)
    assert found.invoked == len(log) == found.missed
    assert found.invoked + found.dropped == 31
    gaps = np.diff(log["index"].astype(int)) - 1
    assert gaps.sum() + log["index"][0] + 30 - log["index"][-1] == found.dropped
    assert set(gaps.tolist()) <= {1, 2}
    assert found.longest_s == pytest.approx((log["end_s"] - log["begin_s"]).max(), abs=1e-12)
    assert 24e-6 < found.longest_s < 25e-6
    (problem,) = program.deadline_problems(chip)
    assert problem.startswith(
        f"rule late, top processor: of 31 invocations {found.missed} ended after their deadline "
        f"and {found.dropped} were dropped"
    )


def test_in_time_nothing_is_missed(describe_text, timer, running):
    rule = RuleInstance("early", describe_text(BUSY), timer(10, 31))
    program, chip = running(rule, duration_s=1e-3)
    (found,) = program.statistics(chip)
    assert (found.invoked, found.missed, found.dropped) == (31, 0, 0)
    assert program.deadline_problems(chip) == []


def test_both_processors_release_at_the_same_times(describe_text, timer, running):
    site = PopulationSite(columns=([1], [2]))
    rule = RuleInstance("both", describe_text(BUSY), timer(100, 5), populations=[site])
    program, chip = running(rule, duration_s=1e-3)
    log = program.invocations(chip)
    assert len(log) == 10
    top, bottom = (log[log["hemisphere"] == h] for h in (0, 1))
    np.testing.assert_array_equal(top["release_s"], bottom["release_s"])
    np.testing.assert_allclose(top["begin_s"], bottom["begin_s"], atol=1e-6)
    assert (np.diff(log["begin_s"]) >= 0).all()


def test_a_rule_runs_where_it_has_something(describe_text, timer, running):
    description = describe_text(BUSY)
    sites = {"top": ([1], []), "bottom": ([], [2]), "none": None}
    for name, columns in sites.items():
        populations = [PopulationSite(columns)] if columns else []
        rule = RuleInstance(name, description, timer(100, 2), populations=populations)
        program, chip = running(rule, duration_s=1e-3)
        hemisphere = int(name == "bottom")
        assert [one.hemisphere for one in program.statistics(chip)] == [hemisphere]
        assert set(program.invocations(chip)["hemisphere"]) == {hemisphere}


def test_a_run_goes_on_where_it_was(describe_text, timer, running):
    program, chip = running(RuleInstance("a", describe_text(BUSY), timer(100)), duration_s=0.31e-3)
    assert program.statistics(chip)[0].invoked == 4
    chip.advance(0.3e-3)
    assert program.statistics(chip)[0].invoked == 7
    program.start(chip)
    chip.advance(0.11e-3)
    assert program.statistics(chip)[0].invoked == 2


def test_periods_below_what_the_scheduler_needs_are_refused(describe_text, timer, running):
    with pytest.raises(InputError, match=r"period_s is 3\.9e-06 s, but must be from 4e-06"):
        timer(3.9)
    description = describe_text(BUSY)
    rules = [RuleInstance(f"r{n}", description, timer(6)) for n in range(2)]
    with pytest.raises(InputError, match=r"\(r0 6 us, r1 6 us\) are too short.*133 %"):
        running(*rules, duration_s=1e-3)


def test_rules_keep_to_the_shortest_period(describe_text, timer, running):
    text = """NUX_OBSERVABLES((scalar, uint32_t, calls, "1"))
    void rule(const nux_call *call) { observables.calls = call->index; }
    """
    rule = RuleInstance("fast", describe_text(text), timer(4, 200), placement="dram")
    program, chip = running(rule, duration_s=1e-3)
    assert program.statistics(chip)[0].missed == program.statistics(chip)[0].dropped == 0
    assert program.records(chip, "fast").arrays["calls"][:, 0].tolist() == list(range(200))


@pytest.mark.parametrize(
    "arguments",
    [
        {"period_s": 0}, {"period_s": -1e-3}, {"period_s": float("nan")},
        {"period_s": float("inf")}, {"period_s": "1"}, {"period_s": True}, {"period_s": 1e12},
        {"period_s": 1e300},
        {"period_s": 1, "start_s": -1e-6}, {"period_s": 1, "start_s": float("nan")},
        {"period_s": 1, "count": -1}, {"period_s": 1, "count": 1.0},
        {"period_s": 1, "count": 2**32},
    ],
)  # fmt: skip
def test_impossible_timers_are_refused(arguments):
    name = list(arguments)[-1]
    with pytest.raises(InputError, match=f"Timer: {name} is "):
        Timer(**arguments)


def test_numpy_numbers_make_a_timer():
    made = Timer(period_s=np.float32(0.5), start_s=np.int64(2), count=np.int64(3))
    assert made == Timer(period_s=0.5, start_s=2.0, count=3)
    assert (made.period_cycles, made.start_cycles) == (125_000_000, 500_000_000)


def test_interrupts_of_a_rule_are_not_lost_in_the_waiting(describe_text, timer, running):
    text = """
    static volatile uint32_t ticks;
    NUX_OBSERVABLES((scalar, uint32_t, ticks, "1"))
    NUX_ISR(fit) { ticks++; nux_clear_timer_status(NUX_TSR_FIXED_INTERVAL); }
    void rule(const nux_call *call) {
        if (call->index == 0) {
            nux_start_fixed_interval(NUX_EVERY_8192);
            nux_enable_interrupts();
        }
        observables.ticks = ticks;
    }
    """
    program, chip = running(RuleInstance("a", describe_text(text), timer(100, 6)), duration_s=1e-3)
    ticks = program.records(chip, "a").arrays["ticks"][:, 0]
    times = program.invocations(chip)["begin_s"] * CLOCK_HZ
    np.testing.assert_allclose(ticks, np.floor(times / 8192), atol=1)
    assert ticks[-1] >= 14
