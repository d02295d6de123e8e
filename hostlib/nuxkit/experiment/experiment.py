# SPDX-License-Identifier: BSD-3-Clause
"""An experiment: a chip, populations, projections, inputs, recordings, and time."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from nuxemu import CorrelationConfig, NeuronParameters
from nuxemu import memory_map as mm
from nuxemu.network import Statistics
from nuxkit.chip import Chip
from nuxkit.errors import ExperimentError, InputError, RemarkError
from nuxkit.profile import Profile
from nuxkit.remarks import check_mode, sentence, warn
from nuxkit.result import Remark, StackUse
from nuxkit.rules import Timer
from nuxkit.trace import Trace, TraceRecords

from . import checks
from .batch import Settable, run_batch
from .calls import Call
from .connectors import AllToAll, Connector
from .debug import debug_run
from .layout import Layout
from .neuron_population import NeuronPopulation
from .population import Population
from .projection import Projection
from .results import collect
from .rule import Rule, RuleSet
from .session import Session
from .source_population import SourcePopulation
from .sources import Source, SpikeSourceArray, SpikeSourcePoisson, SpikeSourceRegular
from .wiring import RECEPTORS, Wiring

if TYPE_CHECKING:
    import xarray


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
    checks : {"default", "strict", "off"}
        Which likely mistakes of the rules are looked for, see `remarks`.
    remarks : {"warn", "count", "raise"}
        Whether each new remark of a run is a warning (RemarkWarning), they are only in `remarks`,
        or the run ends with an error. Missed deadlines are up to `deadlines`.
    keep : path, optional
        Folder to which the generated program of the rules is written.
    optimize : {"-O1", "-O2", "-O3", "-Os"}
        Optimisation level of the program of the rules.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        correlation: CorrelationConfig | None = None,
        neurons: NeuronParameters | None = None,
        deadlines: Literal["raise", "count"] = "raise",
        checks: str = "default",
        remarks: Literal["warn", "count", "raise"] = "warn",
        keep: str | os.PathLike[str] | None = None,
        optimize: str = "-O2",
    ) -> None:
        if neurons is not None and not isinstance(neurons, NeuronParameters):
            raise InputError(f"neurons is {neurons!r}, but must be NeuronParameters")
        if correlation is not None and not isinstance(correlation, CorrelationConfig):
            raise InputError(f"correlation is {correlation!r}, but must be a CorrelationConfig")
        if deadlines not in ("raise", "count"):
            raise InputError(f"deadlines is {deadlines!r}, but must be 'raise' or 'count'")
        self._strict = deadlines == "raise"
        self._defaults = neurons or NeuronParameters()
        self._remarks_mode = check_mode(remarks)
        self._session = Session(self._checked_seed(seed), correlation, checks)
        self._wiring = Wiring(self._session.chip)
        self._trace: TraceRecords | None = None
        self._wiring.write_labels()
        self._populations = self._session.populations
        self._projections: dict[str, Projection] = {}
        self._rule_set = RuleSet(self._session.chip, keep, optimize)

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
            made = SourcePopulation(self._session, label, size, kind, (len(self._populations),))
        elif kind is None or isinstance(kind, NeuronParameters | Mapping):
            neurons = self._wiring.columns.plan(label, size, placement)
            made = NeuronPopulation(self._session, label, kind, self._defaults, neurons)
            self._wiring.columns.take(label, neurons)
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
        if receptor not in RECEPTORS:
            raise InputError(
                f"receptor of {label!r} is {receptor!r}, but must be 'excitatory' or 'inhibitory'"
            )
        least_s = 0.0 if isinstance(pre, SourcePopulation) else checks.TICK_S
        delay_s = least_s if delay_s is None else delay_s
        delay_s = checks.number(f"delay_s of {label!r}", delay_s, least_s, checks.LAST_S)
        shape = (pre.size, post.size)
        connector = AllToAll() if connector is None else connector
        if isinstance(connector, type) or not hasattr(connector, "connect"):
            raise InputError(f"connector of {label!r} is {connector!r}, but must be a connector")
        with checks.input_errors(f"connector of {label!r}"):
            connected = connector.connect(*shape)
        weights = checks.matrix(f"weight of {label!r}", weight, shape, mm.WEIGHT_MAX)
        plans = self._wiring.plan(label, pre, post, connected, receptor, delay_s)
        made = Projection(
            self._session, label, pre, post, connected, weights, receptor, delay_s, plans
        )
        self._wiring.connect(made)
        self._projections[label] = made
        return made

    def rule(
        self,
        path: str | os.PathLike[str],
        *,
        timer: Timer,
        projections: Projection | Sequence[Projection] = (),
        populations: Population | Sequence[Population] = (),
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
        projections : Projection or sequence of Projection
            Those it is called with, in this order.
        populations : NeuronPopulation or sequence of NeuronPopulation
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
            Values of the rule's parameters; the others have their defaults. One that is named as
            an argument above can be set with `Rule.set`.

        Raises
        ------
        InputError
            If a value is wrong, or the experiment has begun.
        nuxkit.BuildError
            If the rule's file does not compile.
        """
        self._only_at_start("rule")
        projections = [projections] if isinstance(projections, Projection) else list(projections)
        populations = [populations] if isinstance(populations, Population) else list(populations)
        known = {id(one) for one in (*self._projections.values(), *self._populations.values())}
        for kind, given, wanted in (
            ("projections", projections, Projection),
            ("populations", populations, Population),
        ):
            for one in given:
                if not isinstance(one, wanted) or id(one) not in known:
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

    @property
    def chip(self) -> Chip:
        """The chip, for all that has no counterpart here.

        What is changed there directly is lost at `reset`. The experiment takes the spikes that
        the chip records.
        """
        return self._session.chip

    # --- time ----------------------------------------------------------------------------

    @property
    def time_s(self) -> float:
        """Hardware time since the start, seconds."""
        return self.chip.time_s

    @property
    def seed(self) -> int:
        """Seed of the present chip and sources."""
        return self._session.seed

    @property
    def statistics(self) -> Statistics:
        """Events and spikes of the chip's network so far, also those that were dropped."""
        return self.chip.network.statistics

    def run(
        self,
        duration_s: float,
        *,
        max_wall_s: float | None = None,
        profile: bool = False,
        trace: Trace | None = None,
    ) -> None:
        """Let hardware time pass; to be called again and again.

        Parameters
        ----------
        duration_s : float
            Seconds of hardware time, rounded to cycles of 4 ns: ``10 * nuxkit.ms``.
        max_wall_s : float, optional
            Wall time (s) after which the run is given up.
        profile : bool
            Count where the cycles of the processors go during this run, for `profiles`.
        trace : Trace, optional
            What to trace; it is `trace` of the experiment then, also after an error.

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
        RemarkError
            At the end of the run, if rules left remarks (`remarks` of the experiment).
        BuildError
            At the first run, if the rules do not fit into the processors' memory.
        """
        self._session.not_inside_call("run")
        cycles = self._cycles(duration_s)
        limit_s = math.inf
        if max_wall_s is not None:
            limit_s = checks.number("max_wall_s", max_wall_s, 1e-6, math.inf)
        self._rule_set.start()
        with self._rule_set.profiling(profile):
            if trace is None:
                self._session.run(cycles, limit_s)
            else:
                self._run_traced(cycles, limit_s, trace)
        self._rule_set.check_deadlines(self._strict)
        self._act_on_remarks()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What the rules did since time 0 that is most likely a mistake, on both processors.

        Each names its rule, source line and count; see `RunResult.remarks`. Also rules that missed
        deadlines.
        """
        return self._rule_set.remarks()

    @property
    def stack_use(self) -> Mapping[int, StackUse]:
        """How deep the stacks of the processors with rules went since time 0, by hemisphere."""
        return self._rule_set.stack_use()

    def debug(
        self,
        duration_s: float,
        *,
        hemispheres: Sequence[int] = (0,),
        port: int = 0,
        announce: Callable[[str], object] = print,
    ) -> None:
        """Let hardware time pass as GDB lets it, to look into rules while they are called.

        As `run`, with sources, calls and recordings; as in `Chip.debug`, each processor has a port
        of its own on the loopback address, and time passes while every connected GDB has resumed
        its processor. At the end GDB is told that the program has exited; the next run goes on
        from there. ``detach`` lets the run go on to its end, ``kill`` ends it where it is.

        Parameters
        ----------
        duration_s : float
            Seconds of hardware time.
        hemispheres : sequence of int
            Processors to debug: 0 (top), 1 (bottom).
        port : int
            Port of the first processor, the following one of the second; 0 takes free ones.
        announce : callable
            Gets a text that says how to connect.

        Raises
        ------
        InputError
            If an argument is wrong, no rule is called on a processor, or a port is in use.
        KernelTrap
            If a rule did something that no program may do, and GDB has let go of it.
        CallbackError, DeadlineError, BuildError
            As `run`.
        """
        self._session.not_inside_call("debug")
        cycles = self._cycles(duration_s)
        chosen = self._rule_set.check_debugged(hemispheres)
        port = checks.integer("port", port, 0)
        self._rule_set.start()
        debug_run(self._session, cycles, chosen, port, announce)
        self._rule_set.check_deadlines(self._strict)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Profiles of the processors with rules in the last run that was profiled, top first.

        Cycles are those of that run; a rule's invocations are those that began in it.
        """
        return self._rule_set.profiles

    @property
    def trace(self) -> TraceRecords | None:
        """What the last run with a trace left; None: there was none."""
        return self._trace

    def _cycles(self, duration_s: Any) -> int:
        cycles = checks.duration("duration_s", duration_s)
        if self.time_s + duration_s > checks.LAST_S:
            raise InputError(f"duration_s is {duration_s:g}, but time ends at {checks.LAST_S:g} s")
        return cycles

    def _run_traced(self, cycles: int, limit_s: float, trace: Trace) -> None:
        begin_s, buffer = self.time_s, trace.buffer()
        try:
            with buffer.attached(self.chip.model):
                self._session.run(cycles, limit_s)
        finally:
            rules, lost = self._rule_set.traced_since(begin_s)
            self._trace = TraceRecords(trace, buffer, self.chip.programs, rules, lost)

    def _act_on_remarks(self) -> None:
        if self._remarks_mode == "count":
            return
        new = self._rule_set.new_remarks(grown=self._remarks_mode == "raise")
        if new and self._remarks_mode == "raise":
            raise RemarkError(sentence(new))
        warn(new, 3)

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
        start_s = checks.number("time_s", time_s, 0.0, checks.LAST_S)
        return self._session.call(function, start_s, None, 1)

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
        return self._session.call(function, start_s, period_s, count)

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
        self._session.not_inside_call("reset")
        if seed is not None:
            self._session.seed = self._checked_seed(seed)
        self._restart(0)

    def read(self, path: str, *, hemisphere: int = 0) -> Any:
        """Read a variable of the rules' program on one processor; see `Chip.read`."""
        self._rule_set.prepare()
        return self.chip.read(path, hemisphere=hemisphere)

    def write(self, path: str, value: Any, *, hemisphere: int = 0) -> None:
        """Write a variable of the rules' program on one processor; see `Chip.write`."""
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
        InputError, CallbackError, KernelTrap, RunLimitError, DeadlineError, RemarkError
            As `run`. The experiment then has its earlier settings again.

        Notes
        -----
        Random sources differ from entry to entry; those of the first are those of `run`. The
        state that remains is that of the last run.
        """
        self._session.not_inside_call("run_batch")
        chosen = [self._settings_of(number, entry) for number, entry in enumerate(entries)]

        def run(number: int) -> xarray.DataTree:
            self._restart(number)
            for one, values in chosen[number]:
                one.set(**values)
            self.run(duration_s, max_wall_s=max_wall_s)
            return self.results()

        return run_batch(chosen, run)

    def results(self) -> xarray.DataTree:
        """Return all that was recorded: one group for each population, projection and rule.

        Returns
        -------
        xarray.DataTree
            Groups by label. Populations: ``spike_time_s`` and ``spike_neuron`` (spike), ``v``
            (time, neuron). Projections: ``weights`` (time, pre, post) and so on, and the present
            ones as ``final_weights``. Rules: see `Rule.observables`. Attributes of the root: time,
            seed, the network's statistics, remarks (one a line), and bytes used of the stacks.
        """
        return collect(self)

    # --- inside ----------------------------------------------------------------------------

    @staticmethod
    def _checked_seed(seed: Any) -> int:
        return checks.integer("seed", seed, 0, 2**62)

    def _restart(self, batch: int) -> None:
        """Go back to time 0, for a run of a batch: random sources have numbers of their own."""
        self._session.batch = batch
        self._session.reset()
        self._wiring.write_labels()
        self._wiring.write()
        for population in self._populations.values():
            population.restart()
        for projection in self._projections.values():
            projection.restart()
        self._rule_set.restart()
        self._session.restart_calls()

    def _settings_of(self, number: int, entry: Any) -> list[tuple[Settable, Mapping[str, Any]]]:
        """Find the populations and rules of an entry of a batch, with what to set."""
        if not isinstance(entry, Mapping):
            raise InputError(f"entry {number} of the batch is {entry!r}, but must be a mapping")
        known: dict[str, Any] = {**self._populations, **self._rule_set.rules}
        found = []
        for key, values in entry.items():
            chosen = [each for label, each in known.items() if each is key or label == key]
            if not chosen:
                raise InputError(
                    f"entry {number} of the batch: {key!r} is no population or rule of this "
                    "experiment"
                )
            if not isinstance(values, Mapping):
                raise InputError(
                    f"entry {number} of the batch: {key!r} has {values!r}, but must have a "
                    "mapping from parameters to values"
                )
            found.append((chosen[0], values))
        return found

    def _only_at_start(self, what: str) -> None:
        if self.chip.model.cycle > 0:
            raise ExperimentError(
                f"a {what} cannot be added at {self.time_s:g} s: add it before the first run, or "
                "after reset()"
            )

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
