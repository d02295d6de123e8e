# SPDX-License-Identifier: BSD-3-Clause
"""What the parts of an experiment share: the chip, its time, calls, and recorded spikes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nuxemu import ChipEnd, CorrelationConfig
from nuxemu import memory_map as mm
from nuxkit.chip import Chip, raise_first
from nuxkit.errors import CallbackError, ExperimentError, InputError, RunLimitError
from nuxkit.hemispheres import HEMISPHERES
from nuxkit.traps import error_of

from . import checks
from .calls import Call, Calls
from .neuron_population import NeuronPopulation
from .population import Population
from .progress import Progress
from .recording import Samples
from .source_population import SourcePopulation

#: Wall time (s) after which a run of the chip returns to Python, for Ctrl-C and the progress bar.
_SLICE_S = 0.1
#: Input events that are given to the chip at once, about.
_EVENTS_AT_ONCE = 1 << 18
_SAMPLE_RANK, _CALL_RANK = 0, 1
#: Runs the chip up to a cycle, for at most so much wall time (s).
RunChip = Callable[[int, float], ChipEnd]


class Session:
    """The chip of an experiment, and how time passes on it.

    Attributes
    ----------
    chip : Chip
        It stays the same object.
    seed, batch : int
        Of the chip and the sources, and the number of the run in a batch.
    populations : dict of str to Population
        By label.
    """

    def __init__(self, seed: int, correlation: CorrelationConfig | None, checks: str) -> None:
        self.seed, self.batch = seed, 0
        self._correlation, self._checks = correlation, checks
        self.chip = Chip(seed, correlation=correlation, checks=checks)
        self.populations: dict[str, Population] = {}
        self._fresh: tuple[int, Any] | None = None
        self._calls = Calls()
        self._sent = 0
        self._calling = False
        self.record_spikes()

    @property
    def time_s(self) -> float:
        """Hardware time since the start, seconds."""
        return self.chip.time_s

    @property
    def source_seed(self) -> tuple[int, int]:
        """What random sources begin their seeds with."""
        return self.seed, self.batch

    # --- recording -------------------------------------------------------------------------

    def sample(self, samples: Samples, every_s: Any, what: str) -> None:
        """Take samples from now on."""
        every_s = checks.period(f"every_s of {what}", every_s)
        self._calls.add(Call(what, samples.take, self.time_s, every_s, None, rank=_SAMPLE_RANK))

    def record_spikes(self) -> None:
        """Have the chip record spikes if a population wants them."""
        self.chip.network.record_spikes = any(
            "spikes" in population.recorded for population in self._neurons()
        )

    def collect_spikes(self) -> None:
        """Give the populations the spikes that the chip has recorded."""
        times_s, neurons = self.chip.network.spikes()
        if times_s.size:
            self.chip.network.clear_spikes()
            for population in self._neurons():
                population.log(times_s, neurons)

    # --- calls -----------------------------------------------------------------------------

    def not_inside_call(self, what: str) -> None:
        """Refuse what must not be done in a function that a run calls back."""
        if self._calling:
            raise ExperimentError(f"{what}() cannot be used in a function that a run calls back")

    def call(
        self,
        function: Callable[[float], object],
        start_s: float,
        period_s: float | None,
        count: int | None,
    ) -> Call:
        """Have a function called; see `Experiment.call_every`."""
        if not callable(function):
            raise InputError(f"function is {function!r}, but must be callable")
        name = getattr(function, "__qualname__", repr(function))
        call = Call(
            name, function, start_s, period_s, count, rank=_CALL_RANK, lasting=not self._calling
        )
        if call.cycle < self.chip.model.cycle:
            raise InputError(
                f"{name} cannot be called at {start_s:g} s: the present time is {self.time_s:g} s"
            )
        self._calls.add(call)
        return call

    def _make_due_calls(self) -> None:
        now = self.chip.model.cycle
        while (call := self._calls.take(now)) is not None:
            if call.rank == _SAMPLE_RANK:
                call.function(self.time_s)
                continue
            self._calling = True
            try:
                call.function(self.time_s)
            except Exception as error:
                raise CallbackError(
                    f"{call.name}, called at {self.time_s:g} s, raised {type(error).__name__}: "
                    f"{error}"
                ) from error
            finally:
                self._calling = False

    # --- time ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Become a fresh chip at time 0."""
        if self._fresh is None or self._fresh[0] != self.seed:
            chip = Chip(self.seed, correlation=self._correlation, checks=self._checks)
            self._fresh = (self.seed, chip.model.save())
        self.chip.model.restore(self._fresh[1])
        self._sent = 0
        self.record_spikes()

    def restart_calls(self) -> None:
        """Plan all calls anew."""
        self._calls.restart()

    def run(self, cycles: int, max_wall_s: float, run_chip: RunChip | None = None) -> None:
        """Let time pass, with input and calls; on the chip as `run_chip` does it."""
        run_chip = run_chip or self._run_chip
        begin = self.chip.model.cycle
        end = begin + cycles
        deadline = time.perf_counter() + max_wall_s
        with Progress(cycles / mm.PPU_CLOCK_HZ) as progress:

            def show() -> None:
                progress.show((self.chip.model.cycle - begin) / mm.PPU_CLOCK_HZ)

            self._make_due_calls()
            while self.chip.model.cycle < end:
                self._pass_time(self._next_stop(end), deadline, show, run_chip)
                self._make_due_calls()

    def _sources(self) -> list[SourcePopulation]:
        return [each for each in self.populations.values() if isinstance(each, SourcePopulation)]

    def _neurons(self) -> list[NeuronPopulation]:
        return [each for each in self.populations.values() if isinstance(each, NeuronPopulation)]

    def _next_stop(self, end: int) -> int:
        """Cycle up to which the chip can run without the host."""
        now = self.chip.model.cycle
        due = self._calls.next_cycle()
        stop = end if due is None else min(end, due)
        rate_hz = sum(source.event_rate_hz for source in self._sources())
        if rate_hz > 0:
            stop = min(stop, now + max(round(_EVENTS_AT_ONCE / rate_hz * mm.PPU_CLOCK_HZ), 1))
        return stop

    def _run_chip(self, until: int, max_wall_s: float) -> ChipEnd:
        return self.chip.model.run(until, max_wall_s=max_wall_s)

    def _pass_time(
        self, until: int, deadline: float, show: Callable[[], None], run_chip: RunChip
    ) -> None:
        """Run the chip up to a cycle."""
        if until > self._sent:
            begin_s = max(self._sent, self.chip.model.cycle) / mm.PPU_CLOCK_HZ
            for source in self._sources():
                source.send(begin_s, until / mm.PPU_CLOCK_HZ)
            self._sent = until
        working = [h for h in HEMISPHERES if self.chip.is_running(h)]
        while True:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise RunLimitError(
                    f"max_wall_s was reached at {self.time_s:g} s of hardware time; the next run "
                    "goes on from there"
                )
            end = run_chip(until, min(left, _SLICE_S))
            show()
            if end is ChipEnd.REACHED:
                return
            if end is ChipEnd.STOPPED:
                self._raise_trap(working)

    def _raise_trap(self, working: list[int]) -> None:
        trapped = [h for h in working if self.chip.ppu[h].stop.reason.is_trap]
        failures = [error_of(self.chip.result(hemisphere)) for hemisphere in trapped]
        for hemisphere in trapped:
            self.chip.stop(hemisphere)
        raise_first([failure for failure in failures if failure is not None])
