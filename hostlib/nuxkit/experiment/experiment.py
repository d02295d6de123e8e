# SPDX-License-Identifier: BSD-3-Clause
"""An experiment: a chip, populations, projections, inputs, recordings, and time."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from nuxemu import ChipEnd, CorrelationConfig, NeuronParameters, RowMode
from nuxemu import memory_map as mm
from nuxemu.network import Statistics
from nuxkit.chip import Chip
from nuxkit.errors import CallbackError, ExperimentError, InputError, RunLimitError
from nuxkit.rules import Timer
from nuxkit.traps import error_of

from . import checks
from .calls import Call, Calls
from .connectors import AllToAll, Connected, Connector
from .layout import Layout
from .placement import HEMISPHERES, NO_LABEL, Columns, RowPlan, Rows, Sender
from .population import NeuronPopulation, Population, SourcePopulation, Target
from .progress import Progress
from .projection import Projection
from .recording import Samples
from .rule import Rule, RuleSet
from .sources import Source, SpikeSourceArray, SpikeSourcePoisson, SpikeSourceRegular

if TYPE_CHECKING:
    import xarray

#: Wall time (s) after which a run of the chip returns to Python, for Ctrl-C and the progress bar.
_SLICE_S = 0.1
#: Input events that are given to the chip at once, about.
_EVENTS_AT_ONCE = 1 << 18

_RECEPTORS = {"excitatory": RowMode.EXCITATORY, "inhibitory": RowMode.INHIBITORY}
_SAMPLE_RANK, _CALL_RANK = 0, 1


class Experiment:
    """A network on an emulated chip, run step by step.

    Times are hardware time in seconds (1000 times faster than biology) since the experiment's
    start. Same description, same seed: same results, bit for bit.

    Parameters
    ----------
    seed : int
        Of the chip's fixed pattern and noise, and of Poisson sources.
    correlation : CorrelationConfig, optional
        Parameters of the correlation sensors and the CADC.
    neurons : NeuronParameters, optional
        What populations do not say otherwise.
    deadlines : {"raise", "count"}
        Whether a run in which rules missed deadlines ends with an error, or they are only counted
        in the rules' statistics.
    keep : path, optional
        Folder to which the generated program of the rules is written.
    optimize : {"-O1", "-O2", "-O3", "-Os"}
        Optimisation level of the program of the rules.

    Attributes
    ----------
    chip : Chip
        The chip, for all that has no counterpart here. What is changed there directly is lost at
        `reset`; the experiment takes the spikes that it records.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        correlation: CorrelationConfig | None = None,
        neurons: NeuronParameters | None = None,
        deadlines: Literal["raise", "count"] = "raise",
        keep: str | os.PathLike[str] | None = None,
        optimize: str = "-O2",
    ) -> None:
        self._seed = checks.integer("seed", seed, 0, 2**62)
        if neurons is not None and not isinstance(neurons, NeuronParameters):
            raise InputError(f"neurons is {neurons!r}, but must be NeuronParameters")
        if correlation is not None and not isinstance(correlation, CorrelationConfig):
            raise InputError(f"correlation is {correlation!r}, but must be a CorrelationConfig")
        if deadlines not in ("raise", "count"):
            raise InputError(f"deadlines is {deadlines!r}, but must be 'raise' or 'count'")
        self._strict = deadlines == "raise"
        self._correlation = correlation
        self._defaults = neurons or NeuronParameters()
        self._batch = 0
        self._fresh: tuple[int, Any] | None = None
        self.chip = Chip(self._seed, correlation=correlation)
        self._columns = Columns()
        self._rows = tuple(Rows(hemisphere) for hemisphere in range(HEMISPHERES))
        self._populations: dict[str, Population] = {}
        self._projections: dict[str, Projection] = {}
        self._routing: list[npt.NDArray[np.float64]] = []
        self._rule_set = RuleSet(self.chip, keep, optimize)
        self._calls = Calls()
        self._sent = 0
        self._calling = False
        self._set_up_chip()

    def __repr__(self) -> str:
        return (
            f"<Experiment with {len(self._populations)} populations, {len(self._projections)} "
            f"projections, {len(self._rule_set.rules)} rules, at {self.time_s:g} s>"
        )

    # --- description ---------------------------------------------------------------------

    def population(
        self,
        size: int,
        kind: Source | NeuronParameters | Mapping[str, Any] | None = None,
        *,
        label: str | None = None,
        placement: npt.ArrayLike | None = None,
    ) -> Any:
        """Make a population of spike sources or of neurons.

        Parameters
        ----------
        size : int
            How many.
        kind : spike source, NeuronParameters or mapping, optional
            A source makes a population of sources. Anything else makes one of neurons: their
            parameters, by name with one value for all or an array of shape (size,); what is not
            given is as the experiment's `neurons`.
        label : str, optional
            Its name.
        placement : array_like of int, optional
            Neurons of the chip to use, ``hemisphere * 256 + column``; by default the first free
            ones.

        Returns
        -------
        SourcePopulation or NeuronPopulation

        Raises
        ------
        InputError
            If a value is wrong, there are not enough neurons, or the experiment has begun.
        """
        self._only_at_start("population")
        label = self._label("population", label, f"population{len(self._populations)}")
        size = checks.integer(f"size of {label!r}", size, 1)
        made: Population
        if isinstance(kind, SpikeSourceArray | SpikeSourcePoisson | SpikeSourceRegular):
            if placement is not None:
                raise InputError(f"placement of {label!r}: sources have no place on the chip")
            made = SourcePopulation(self, label, size, kind, (len(self._populations),))
        elif kind is None or isinstance(kind, NeuronParameters | Mapping):
            neurons = self._columns.plan(label, size, placement)
            made = NeuronPopulation(self, label, kind, self._defaults, neurons)
            self._columns.take(label, neurons)
        else:
            raise InputError(
                f"kind of {label!r} is {kind!r}, but must be a spike source, NeuronParameters or "
                "a mapping of parameters"
            )
        self._populations[label] = made
        return made

    def projection(
        self,
        pre: Population,
        post: Population,
        connector: Connector | None = None,
        *,
        weight: npt.ArrayLike = 0,
        receptor: str = "excitatory",
        delay_s: float | None = None,
        label: str | None = None,
    ) -> Projection:
        """Connect two populations by synapses.

        Parameters
        ----------
        pre : Population
            Sources or neurons.
        post : NeuronPopulation
            Neurons.
        connector : Connector, optional
            Which pairs: `AllToAll` (default), `OneToOne` or `FromList`.
        weight : int or array_like
            0 to 63, one for all or of shape (pre, post).
        receptor : {"excitatory", "inhibitory"}
            Synaptic input of the neurons.
        delay_s : float, optional
            From a spike to its synapses; at least, and by default, 0 for sources and 8 ns (one
            tick of the event buses) for neurons.
        label : str, optional
            Its name.

        Raises
        ------
        InputError
            If a value is wrong, a pair has such a synapse already, there are not enough rows, or
            the experiment has begun.
        """
        self._only_at_start("projection")
        for name, population in (("pre", pre), ("post", post)):
            if self._populations.get(getattr(population, "label", "")) is not population:
                raise InputError(
                    f"{name} is {population!r}, but must be a population of this experiment"
                )
        if not isinstance(post, NeuronPopulation):
            raise InputError(f"post is {post!r}, but must be a population of neurons")
        label = self._label("projection", label, f"{pre.label}_to_{post.label}")
        if receptor not in _RECEPTORS:
            raise InputError(
                f"receptor of {label!r} is {receptor!r}, but must be 'excitatory' or 'inhibitory'"
            )
        least_s = 0.0 if isinstance(pre, SourcePopulation) else checks.TICK_S
        delay_s = least_s if delay_s is None else delay_s
        delay_s = checks.number(f"delay_s of {label!r}", delay_s, least_s, checks.LAST_S)
        shape = (pre.size, post.size)
        with checks.input_errors(f"connector of {label!r}"):
            connected = (connector or AllToAll()).connect(*shape)
        weights = checks.matrix(f"weight of {label!r}", weight, shape, mm.WEIGHT_MAX)
        self._check_overlap(label, pre, post, connected, receptor)
        plans, senders = self._plan(label, pre, post, connected, receptor, delay_s)
        made = Projection(self, label, pre, post, connected, weights, receptor, delay_s, plans)
        self._connect(made, senders)
        self._projections[label] = made
        return made

    def rule(
        self,
        path: str | os.PathLike[str],
        *,
        timer: Timer,
        projections: Sequence[Projection] = (),
        populations: Sequence[Population] = (),
        name: str | None = None,
        placement: Literal["auto", "sram", "external", "dram"] = "auto",
        record: Sequence[str] | None = None,
        capacity: int | None = None,
        **parameters: Any,
    ) -> Rule:
        """Add a learning rule: a C file with ``#include <nux/rule.h>``, called by a timer.

        Parameters
        ----------
        path : path
            The rule's file.
        timer : Timer
            When it is called; times since the experiment's start.
        projections : sequence of Projection
            Those it is called with, in this order.
        populations : sequence of NeuronPopulation
            Those it is called with, in this order.
        name : str, optional
            Its name; that of the file if not given.
        placement : {"auto", "sram", "external", "dram"}
            Memory of what it records.
        record : sequence of str, optional
            Observables to record; all if not given.
        capacity : int, optional
            Number of invocations that are recorded, the first ones; all of the timer if not
            given, or 1000 if it has no end.
        **parameters
            Values of the rule's parameters; the others have their defaults.

        Raises
        ------
        InputError
            If a value is wrong, or the experiment has begun.
        nuxkit.BuildError
            If the rule's file does not compile.
        """
        self._only_at_start("rule")
        for kind, given, known in (
            ("projections", projections, list(self._projections.values())),
            ("populations", populations, list(self._populations.values())),
        ):
            for one in given if isinstance(given, Iterable) else (given,):
                if not any(one is other for other in known):
                    raise InputError(f"{kind} of a rule: {one!r} is none of this experiment")
        if not isinstance(timer, Timer):
            raise InputError(f"timer of a rule is {timer!r}, but must be a nuxkit.Timer")
        name = self._label("rule", name, re.sub(r"\W", "_", Path(path).stem))
        return self._rule_set.add(
            path, name, timer, projections, populations, placement, record, capacity, parameters
        )

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Rules by name."""
        return dict(self._rule_set.rules)

    @property
    def populations(self) -> Mapping[str, Population]:
        """Populations by label."""
        return dict(self._populations)

    @property
    def projections(self) -> Mapping[str, Projection]:
        """Projections by label."""
        return dict(self._projections)

    def layout(self) -> Layout:
        """Return where neurons and synapses are on the chip."""
        neurons = {
            label: population.neurons.copy()
            for label, population in self._populations.items()
            if isinstance(population, NeuronPopulation)
        }
        return Layout(neurons, {name: each.plans for name, each in self._projections.items()})

    # --- time ----------------------------------------------------------------------------

    @property
    def time_s(self) -> float:
        """Hardware time since the start, seconds."""
        return self.chip.time_s

    @property
    def seed(self) -> int:
        """Seed of the present chip and sources."""
        return self._seed

    @property
    def statistics(self) -> Statistics:
        """Events and spikes of the chip's network so far, also those that were dropped."""
        return self.chip.network.statistics

    def run(self, duration_s: float, *, max_wall_s: float | None = None) -> None:
        """Let hardware time pass; to be called again and again.

        Parameters
        ----------
        duration_s : float
            Seconds of hardware time, rounded to cycles of 4 ns: ``10 * nuxkit.ms``.
        max_wall_s : float, optional
            Wall time (s) after which the run is given up.

        Raises
        ------
        InputError
            If an argument is wrong.
        CallbackError
            If a function that was called back raised an error, its cause. The time is that of the
            call; the next run goes on from there.
        KernelTrap
            If a rule did something that no program may do. Its processor is held in reset until
            `reset`.
        RunLimitError
            If `max_wall_s` was reached.
        DeadlineError
            At the end of the run, if a rule missed deadlines (`deadlines` of the experiment).
        BuildError
            At the first run, if the rules do not fit into the processors' memory.
        """
        self._not_inside_call("run")
        begin = self.chip.model.cycle
        end = begin + checks.duration("duration_s", duration_s)
        if end > checks.LAST_S * mm.PPU_CLOCK_HZ:
            raise InputError(f"duration_s is {duration_s:g}, but time ends at {checks.LAST_S:g} s")
        deadline = math.inf
        if max_wall_s is not None:
            limit = checks.number("max_wall_s", max_wall_s, 1e-6, math.inf)
            deadline = time.perf_counter() + limit
        self._rule_set.start()
        with Progress((end - begin) / mm.PPU_CLOCK_HZ) as progress:

            def show() -> None:
                progress.show((self.chip.model.cycle - begin) / mm.PPU_CLOCK_HZ)

            self._make_due_calls()
            while self.chip.model.cycle < end:
                self._pass_time(self._next_stop(end), deadline, show)
                self._make_due_calls()
        self._rule_set.check_deadlines(self._strict)

    def call_at(self, time_s: float, function: Callable[[float], object]) -> Call:
        """Have a function called at a hardware time during a run, with that time (s).

        It may read and change all that can be read and changed between runs. Calls are made
        again after `reset`, but those that were asked for in a call.

        Parameters
        ----------
        time_s : float
            Not before the present time; rounded to cycles of 4 ns.
        function : callable
            What to call.

        Returns
        -------
        Call
            To cancel it.
        """
        return self._call(function, checks.number("time_s", time_s, 0.0, checks.LAST_S), None, 1)

    def call_every(
        self,
        period_s: float,
        function: Callable[[float], object],
        *,
        start_s: float | None = None,
        count: int | None = None,
    ) -> Call:
        """Have a function called again and again; see `call_at`.

        Parameters
        ----------
        period_s : float
            Time between calls, at least 4 ns.
        function : callable
            What to call.
        start_s : float, optional
            Time of the first call; by default one period from now.
        count : int, optional
            Number of calls; no limit if not given.
        """
        period_s = checks.period("period_s", period_s)
        start_s = self.time_s + period_s if start_s is None else start_s
        start_s = checks.number("start_s", start_s, 0.0, checks.LAST_S)
        if count is not None:
            count = checks.integer("count", count, 1)
        return self._call(function, start_s, period_s, count)

    def reset(self, seed: int | None = None) -> None:
        """Go back to time 0 with the same network.

        Weights are again those of time 0; parameters stay as they were last set. Recordings are
        forgotten, sources and calls begin anew (but calls that were made by other calls).
        Nothing is compiled.

        Parameters
        ----------
        seed : int, optional
            Another seed.
        """
        self._not_inside_call("reset")
        if seed is not None:
            self._seed = checks.integer("seed", seed, 0, 2**62)
        if self._fresh is None or self._fresh[0] != self._seed:
            fresh = Chip(self._seed, correlation=self._correlation)
            self._fresh = (self._seed, fresh.model.save())
        self.chip.model.restore(self._fresh[1])
        self._sent = 0
        self._set_up_chip()
        self._write_network()
        for population in self._populations.values():
            population.restart()
        for projection in self._projections.values():
            projection.restart()
        self.record_spikes()
        self._rule_set.restart()
        self._calls.restart()

    def read(self, path: str, *, hemisphere: int = 0) -> Any:
        """Read a variable of the rules' program, also of a struct or array; see `Chip.read`."""
        self._rule_set.prepare()
        return self.chip.read(path, hemisphere=hemisphere)

    def write(self, path: str, value: Any, *, hemisphere: int = 0) -> None:
        """Write a variable of the rules' program; see `Chip.write`."""
        self._rule_set.prepare()
        self.chip.write(path, value, hemisphere=hemisphere)

    def run_batch(
        self,
        entries: Sequence[Mapping[Any, Mapping[str, Any]]],
        duration_s: float,
        *,
        max_wall_s: float | None = None,
    ) -> xarray.DataTree:
        """Run the same network once for each entry, each time from the start.

        Parameters
        ----------
        entries : sequence of mapping
            For each run, what differs: from a population or rule, or its label, to values for
            its `set`, e.g. ``{inputs: {"spike_times_s": [1e-3]}}``. Nothing is compiled.
        duration_s : float
            Hardware time of each run.
        max_wall_s : float, optional
            Wall time (s) after which a run is given up.

        Returns
        -------
        xarray.DataTree
            As `results`, with a first dimension ``batch``. Where lengths differ (spikes), times
            are filled up with NaN, and neurons with -1.

        Raises
        ------
        InputError, CallbackError, KernelTrap, RunLimitError, DeadlineError
            As `run`. The experiment then has its earlier settings again.

        Notes
        -----
        Random sources differ from entry to entry; those of the first are those of `run`. The
        state that remains is that of the last run.
        """
        from .batch import run_batch

        return run_batch(self, entries, duration_s, max_wall_s)

    def results(self) -> xarray.DataTree:
        """Return all that was recorded: one group for each population, projection and rule.

        Returns
        -------
        xarray.DataTree
            Groups by label. Populations: ``spike_time_s`` and ``spike_neuron`` (spike), ``v``
            (time, neuron). Projections: ``weights`` (time, pre, post) and so on, and the present
            ones as ``final_weights``. Rules: see `Rule.observables`. Attributes of the root: time,
            seed, and the network's statistics.
        """
        from .results import collect

        return collect(self)

    # --- for populations, projections and recordings ---------------------------------------

    @property
    def source_seed(self) -> tuple[int, int]:
        """What random sources begin their seeds with."""
        return self._seed, self._batch

    def sample(self, samples: Samples, every_s: Any, what: str) -> None:
        """Take samples from now on."""
        every_s = checks.period(f"every_s of {what}", every_s)
        call = Call(what, samples.take, self.time_s, every_s, None, rank=_SAMPLE_RANK)
        self._calls.add(call)

    def record_spikes(self) -> None:
        """Have the chip record spikes if a population wants them."""
        self.chip.network.record_spikes = any(
            "spikes" in population.recorded
            for population in self._populations.values()
            if isinstance(population, NeuronPopulation)
        )

    def collect_spikes(self) -> None:
        """Give the populations the spikes that the chip has recorded."""
        times_s, neurons = self.chip.network.spikes()
        if times_s.size:
            self.chip.network.clear_spikes()
            for population in self._populations.values():
                if isinstance(population, NeuronPopulation):
                    population.log(times_s, neurons)

    def settable(self, key: Any) -> Population | Rule:
        """Return the population or rule that is given by itself or by its label."""
        for label, one in {**self._populations, **self._rule_set.rules}.items():
            if one is key or label == key:
                return one
        raise InputError(f"{key!r} is no population or rule of this experiment")

    def begin_batch(self, number: int) -> None:
        """Go back to the start, for a run of a batch: random sources have their own numbers."""
        self._batch = number
        self.reset()

    def end_batch(self) -> None:
        """Have random sources draw the numbers of `run` from the next reset on."""
        self._batch = 0

    # --- inside ----------------------------------------------------------------------------

    def _only_at_start(self, what: str) -> None:
        if self.chip.model.cycle > 0:
            raise ExperimentError(
                f"a {what} cannot be added at {self.time_s:g} s: add it before the first run, or "
                "after reset()"
            )

    def _not_inside_call(self, what: str) -> None:
        if self._calling:
            raise ExperimentError(f"{what}() cannot be used in a function that a run calls back")

    def _label(self, kind: str, label: str | None, default: str) -> str:
        taken = {*self._populations, *self._projections, *self._rule_set.rules}
        if label is None:
            label, number = default, 2
            while label in taken:
                label, number = f"{default}_{number}", number + 1
        if not isinstance(label, str) or not label or "/" in label:
            raise InputError(f"label of a {kind} is {label!r}, but must be a name without '/'")
        if label in taken:
            raise ExperimentError(f"label {label!r} of a {kind} is taken: labels must differ")
        return label

    def _check_overlap(
        self, label: str, pre: Population, post: Population, connected: Connected, receptor: str
    ) -> None:
        for other in self._projections.values():
            if other.pre is pre and other.post is post and other.receptor == receptor:
                both = np.argwhere(other.connected & connected)
                if both.size:
                    raise ExperimentError(
                        f"projections {other.label!r} and {label!r} overlap: both have {receptor} "
                        f"synapses from {pre.label!r} to {post.label!r}, the first from neuron "
                        f"{both[0, 0]} to {both[0, 1]}"
                    )

    def _plan(
        self,
        label: str,
        pre: Population,
        post: NeuronPopulation,
        connected: Connected,
        receptor: str,
        delay_s: float,
    ) -> tuple[list[RowPlan], list[list[Sender]]]:
        plans, senders = [], []
        for hemisphere, rows in enumerate(self._rows):
            here = post.indices_on(hemisphere)
            sending = np.flatnonzero(connected[:, here].any(axis=1))
            if sending.size:
                senders.append([(pre.label, int(i), delay_s) for i in sending])
                columns = post.columns(hemisphere)
                plans.append(
                    rows.plan(label, senders[-1], sending, here, columns, _RECEPTORS[receptor])
                )
        return plans, senders

    def _connect(self, projection: Projection, senders: list[list[Sender]]) -> None:
        """Take the rows of a projection and send spikes there."""
        pre, delay_s = projection.pre, projection.delay_s
        for plan, sending in zip(projection.plans, senders, strict=True):
            receptor = _RECEPTORS[projection.receptor]
            new = self._rows[plan.hemisphere].take(projection.label, plan, sending, receptor)
            if isinstance(pre, SourcePopulation):
                rows, labels = np.full(pre.size, -1), np.zeros(pre.size, np.int64)
                rows[plan.pre[new]] = plan.rows[new]
                labels[plan.pre[new]] = plan.labels[new]
                pre.add_target(Target(plan.hemisphere, rows, labels, delay_s))
            elif isinstance(pre, NeuronPopulation):
                neurons = pre.neurons[plan.pre[new]]
                same = np.ones(neurons.size)
                self._routing.append(
                    np.stack(
                        [
                            neurons,
                            plan.rows[new],
                            plan.labels[new],
                            delay_s * same,
                            plan.hemisphere * same,
                        ]
                    )
                )
        self._write_network()

    def _set_up_chip(self) -> None:
        """Give a fresh chip what every experiment needs."""
        for array in self.chip.synram:
            array.labels = np.full((mm.NUM_ROWS, mm.NUM_COLUMNS), NO_LABEL, np.uint8)
        self.chip.network.record_spikes = False

    def _write_network(self) -> None:
        """Write receptors of rows, and routing."""
        network = self.chip.network
        modes = network.row_modes
        for hemisphere, rows in enumerate(self._rows):
            for row, receptor in enumerate(rows.receptors):
                if receptor is not None:
                    modes[hemisphere, row] = receptor
        network.row_modes = modes
        if self._routing:
            neurons, rows, labels, delays, hemispheres = np.concatenate(self._routing, axis=1)
            network.set_routing(
                neurons.astype(int), rows.astype(int), labels.astype(int), delays,
                hemispheres.astype(int),
            )  # fmt: skip

    def _sources(self) -> list[SourcePopulation]:
        return [each for each in self._populations.values() if isinstance(each, SourcePopulation)]

    def _next_stop(self, end: int) -> int:
        """Cycle up to which the chip can run without the host."""
        now = self.chip.model.cycle
        due = self._calls.next_cycle()
        rate_hz = sum(source.event_rate_hz for source in self._sources())
        stop = end if due is None else min(end, due)
        if rate_hz > 0:
            stop = min(stop, now + max(round(_EVENTS_AT_ONCE / rate_hz * mm.PPU_CLOCK_HZ), 1))
        return stop

    def _pass_time(self, until: int, deadline: float, show: Callable[[], None]) -> None:
        """Run the chip up to a cycle."""
        if until > self._sent:
            begin_s = max(self._sent, self.chip.model.cycle) / mm.PPU_CLOCK_HZ
            for source in self._sources():
                source.send(begin_s, until / mm.PPU_CLOCK_HZ)
            self._sent = until
        working = [h for h in range(HEMISPHERES) if self.chip.is_running(h)]
        while True:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise RunLimitError(f"max_wall_s was reached at {self.time_s:g} s of hardware time")
            end = self.chip.model.run(until, max_wall_s=min(left, _SLICE_S))
            show()
            if end is ChipEnd.REACHED:
                return
            if end is ChipEnd.STOPPED:
                self._raise_trap(working)

    def _raise_trap(self, working: list[int]) -> None:
        for hemisphere in working:
            if self.chip.ppu[hemisphere].stop.reason.is_trap:
                failure = error_of(self.chip.result(hemisphere))
                self.chip.stop(hemisphere)
                if failure is not None:
                    raise failure

    def _call(
        self,
        function: Callable[[float], object],
        start_s: float,
        period_s: float | None,
        count: int | None,
    ) -> Call:
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
