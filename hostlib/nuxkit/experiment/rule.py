# SPDX-License-Identifier: BSD-3-Clause
"""Learning rules of an experiment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import SiteKind
from nuxemu import memory_map as mm
from nuxkit.chip import Chip, check_hemispheres
from nuxkit.errors import DeadlineError, ExperimentError, InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES
from nuxkit.profile import Profile, rule_costs
from nuxkit.result import Remark, StackUse
from nuxkit.rules import (
    PopulationSite,
    ProjectionSite,
    Records,
    RuleInstance,
    RuleProgram,
    RuleStatistics,
    Timer,
    describe,
    make_program,
)
from nuxkit.rules import parameters as values_of
from nuxkit.trace.records import RULES as TRACED_RULES

from .neuron_population import NeuronPopulation
from .population import Population
from .projection import Projection

if TYPE_CHECKING:
    import xarray


class Parameters(MutableMapping[str, Any]):
    """Parameters of a rule by name, to read and to write at any time.

    Fractions are floats, arrays ndarrays. An assignment is checked against type, shape and limits
    (InputError), and written to both processors at once; nothing is compiled.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def __getitem__(self, name: str) -> Any:
        values_of.check_names(self._rule.name, self._rule.instance.description, {name: None})
        return self._rule.get_parameters()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._rule.set(**{name: value})

    def __delitem__(self, name: str) -> None:
        raise InputError(f"parameter {name!r} of rule {self._rule.name!r} cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return iter(self._rule.instance.description.parameters)

    def __len__(self) -> int:
        return len(self._rule.instance.description.parameters)

    def __repr__(self) -> str:
        return repr(dict(self))


class Rule:
    """A learning rule; made by `Experiment.rule`.

    Attributes
    ----------
    name : str
        Its name.
    instance : nuxkit.rules.RuleInstance
        What it declares, where its synapses and neurons are, and how it is recorded.
    """

    def __init__(
        self,
        rules: RuleSet,
        instance: RuleInstance,
        projections: Sequence[Projection],
        populations: Sequence[NeuronPopulation],
    ) -> None:
        self._rules = rules
        self.name, self.instance = instance.name, instance
        self.projections, self.populations = tuple(projections), tuple(populations)

    def __repr__(self) -> str:
        return f"<Rule {self.name!r} of {self.instance.description.path}>"

    @property
    def parameters(self) -> Parameters:
        """Parameters by name: ``rule.parameters["learning_rate"] = 3``."""
        return Parameters(self)

    def set(self, **values: Any) -> None:
        """Change parameters from now on; all or, if one is wrong, none."""
        self._rules.set_parameters(self, values)

    def get_parameters(self) -> dict[str, Any]:
        """Return parameters as the processors have them now."""
        return self._rules.get_parameters(self)

    @property
    def settings(self) -> dict[str, Any]:
        """What `set` changes; to be put back with `put`."""
        return self.get_parameters()

    def put(self, settings: dict[str, Any]) -> None:
        """Put back earlier `settings`."""
        self.set(**settings)

    @property
    def timer(self) -> Timer:
        """When the rule is called; another one can be assigned at time 0."""
        return self.instance.timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        self._rules.set_timer(self, timer)

    @property
    def statistics(self) -> tuple[RuleStatistics, ...]:
        """Invocations, missed deadlines, dropped invocations, for each hemisphere of the rule."""
        program = self._rules.prepare()
        return tuple(
            each for each in program.statistics(self._rules.chip) if each.rule == self.name
        )

    def invocations(self) -> npt.NDArray[Any]:
        """Return the log of invocations that ended, by their begin.

        Returns
        -------
        ndarray, shape (n,)
            Fields ``rule``, ``hemisphere``, ``index``, and ``release_s``, ``begin_s``, ``end_s``:
            seconds of hardware time.
        """
        log = self._rules.prepare().invocations(self._rules.chip)
        mine: npt.NDArray[Any] = log[log["rule"] == self.name]
        return mine

    def observables(self) -> xarray.Dataset:
        """Return what the rule recorded so far.

        Returns
        -------
        xarray.Dataset
            With coordinates ``time`` (s, of the release) and ``index`` of the invocations. Scalars
            have dimensions invocation, hemisphere; arrays a third one, named as the array with
            ``_index``; synapses invocation, pre, post; neurons invocation, neuron. With several
            projections or populations, those names end with ``_`` and the label. Values are in
            logical order, and 0 where there is no synapse. Attributes hold units, and those of
            the dataset the rule's statistics.
        """
        records = self._rules.prepare().records(self._rules.chip, self.name)
        return _dataset(self, records)


class RuleSet:
    """Rules of an experiment, and the program that is made of them."""

    def __init__(self, chip: Chip, keep: str | os.PathLike[str] | None, optimize: str) -> None:
        self.chip = chip
        self.rules: dict[str, Rule] = {}
        self._keep, self._optimize = keep, optimize
        self._values: dict[str, dict[str, Any]] = {}
        self._program: RuleProgram | None = None
        self._started = False
        self._late: dict[tuple[str, int], int] = {}
        self._remarked: dict[tuple[SiteKind, int, int], int] = {}
        self.profiles: tuple[Profile, ...] = ()

    def add(
        self,
        path: str | os.PathLike[str],
        name: str,
        timer: Timer,
        projections: Sequence[Projection],
        populations: Sequence[Population],
        placement: Any,
        record: Iterable[str] | None,
        capacity: int | None,
        parameters: dict[str, Any],
    ) -> Rule:
        """Add a rule; the program is made when it is needed."""
        neurons = []
        for population in populations:
            if not isinstance(population, NeuronPopulation):
                raise InputError(f"rule {name!r}: {population!r} is no population of neurons")
            neurons.append(population)
        instance = RuleInstance(
            name,
            describe(path),
            timer,
            [_projection_site(projection) for projection in projections],
            [_population_site(population) for population in neurons],
            placement,
            record,
            capacity,
        )
        rule = Rule(self, instance, projections, neurons)
        values = _checked(rule, parameters)
        for other, before in self.rules.items():
            self._values[other] = before.get_parameters()
        self._values[name] = values
        self.rules[name] = rule
        self._program = None
        return rule

    def set_parameters(self, rule: Rule, values: dict[str, Any]) -> None:
        """Check and write parameters."""
        if self._program is not None:
            self._program.set_parameters(self.chip, rule.name, **values)
        else:
            self._values[rule.name].update(_checked(rule, values))

    def get_parameters(self, rule: Rule) -> dict[str, Any]:
        """Return the present parameters of a rule."""
        if self._program is not None:
            return self._program.get_parameters(self.chip, rule.name)
        known = rule.instance.description.parameters
        defaults = {name: values_of.default_of(each) for name, each in known.items()}
        return defaults | self._values[rule.name]

    def set_timer(self, rule: Rule, timer: Timer) -> None:
        """Give a rule another timer before the start."""
        if not isinstance(timer, Timer):
            raise InputError(f"timer of {rule.name!r} is {timer!r}, but must be a nuxkit.Timer")
        if self._started:
            raise ExperimentError(
                f"timer of {rule.name!r} cannot be changed after the first run; call reset()"
            )
        rule.instance.timer = timer
        if self._program is not None:
            self._program.load(self.chip)

    def prepare(self) -> RuleProgram:
        """Make and load the program, if that was not done."""
        if not self.rules:
            raise ExperimentError("the experiment has no rules, so there is no program")
        if self._program is None:
            program = make_program(
                [rule.instance for rule in self.rules.values()],
                keep=self._keep,
                optimize=self._optimize,
            )
            for name, values in self._values.items():
                program.set_parameters(self.chip, name, **values)
            program.load(self.chip)
            self._program = program
        return self._program

    def start(self) -> None:
        """Start the program at the first run."""
        if not self.rules or self._started:
            return
        self.prepare().begin(self.chip)
        self._started = True

    def check_debugged(self, hemispheres: Sequence[int]) -> tuple[int, ...]:
        """Check which processors are to be debugged."""
        chosen = check_hemispheres(hemispheres)
        for hemisphere in chosen:
            if not any(rule.instance.runs_on(hemisphere) for rule in self.rules.values()):
                raise InputError(
                    f"hemispheres has {hemisphere}, but no rule is called on the "
                    f"{HEMISPHERE_NAMES[hemisphere]} processor"
                )
        return chosen

    def remarks(self) -> tuple[Remark, ...]:
        """Return all remarks so far."""
        if self._program is None:
            return ()
        return self._program.remarks(self.chip) + self._program.late_remarks(self.chip)

    def stack_use(self) -> dict[int, StackUse]:
        """Return how deep the stacks of the processors with rules went so far."""
        if self._program is None:
            return {}
        used = {h for rule in self._program.instances for h in rule.hemispheres}
        found = {h: self.chip.stack_use(h) for h in sorted(used)}
        return {h: use for h, use in found.items() if use is not None}

    def new_remarks(self, grown: bool) -> list[Remark]:
        """Return remarks since the last time, but on periods; also old ones that have `grown`."""
        new = []
        for each in self._program.remarks(self.chip) if self._program is not None else ():
            place = (each.kind, each.pc, each.hemisphere)
            if place not in self._remarked or (grown and each.count > self._remarked[place]):
                new.append(each)
            self._remarked[place] = each.count
        return new

    @contextmanager
    def profiling(self, on: bool) -> Iterator[None]:
        """Count where the cycles go, for `profiles`."""
        begin_s = self.chip.time_s
        used = [h for h in HEMISPHERES if on and self.chip.is_running(h)]
        with self.chip.profiling(used):
            try:
                yield
            finally:
                if on:
                    self.profiles = tuple(self._profile(hemisphere, begin_s) for hemisphere in used)

    def _profile(self, hemisphere: int, begin_s: float) -> Profile:
        program = self.prepare()
        log = program.invocations(self.chip)
        log = log[(log["hemisphere"] == hemisphere) & (log["begin_s"] >= begin_s)]
        periods_s = {name: rule.timer.period_s for name, rule in self.rules.items()}
        sites = self.chip.ppu[hemisphere].profile()
        return Profile(program.build.program, hemisphere, sites, rule_costs(log, periods_s))

    def restart(self) -> None:
        """Load the program into a fresh chip."""
        self._started, self._late, self._remarked = False, {}, {}
        if self._program is not None:
            self._program.load(self.chip)

    def traced_since(self, begin_s: float) -> tuple[npt.NDArray[Any] | None, int]:
        """Invocations that ended since a time, with deadlines; and how many the log has lost."""
        if not self.rules:
            return None, 0
        program = self.prepare()
        log = program.invocations(self.chip)
        log = log[log["end_s"] >= begin_s]
        fields = [("rule", log.dtype["rule"]), *TRACED_RULES]
        found = np.zeros(len(log), fields)
        for name in ("rule", "hemisphere", "index", "release_s", "end_s"):
            found[name] = log[name]
        found["time_s"] = log["begin_s"]
        for rule in program.instances:
            of_rule = log["rule"] == rule.name
            found["deadline_s"][of_rule] = (
                log["release_s"][of_rule] + rule.timer.period_cycles / mm.PPU_CLOCK_HZ
            )
        late_s = found["end_s"] - found["deadline_s"]
        found["missed"] = np.rint(late_s * mm.PPU_CLOCK_HZ) > 0
        return found, program.lost_invocations(self.chip)

    def check_deadlines(self, strict: bool) -> None:
        """Raise DeadlineError if deadlines were missed since the last time."""
        if not self.rules:
            return
        texts = []
        for each in self.prepare().statistics(self.chip):
            before = self._late.get((each.rule, each.hemisphere), 0)
            late = each.missed + each.dropped
            self._late[each.rule, each.hemisphere] = late
            if late > before:
                period_s = self.rules[each.rule].timer.period_s
                side = HEMISPHERE_NAMES[each.hemisphere]
                texts.append(
                    f"rule {each.rule!r} on the {side} processor missed "
                    f"{each.missed} deadlines and had {each.dropped} invocations dropped, of "
                    f"{each.invoked + each.dropped}: it took up to {each.longest_s * 1e6:.1f} us, "
                    f"and its period is {period_s * 1e6:.1f} us"
                )
        if texts and strict:
            raise DeadlineError(
                "; ".join(texts) + ". Give it a longer period or less to do; "
                "Experiment(deadlines='count') only counts. The run is complete"
            )


def _checked(rule: Rule, given: dict[str, Any]) -> dict[str, Any]:
    description = rule.instance.description
    values_of.check_names(rule.name, description, given)
    return {
        name: values_of.checked(description.parameters[name], value, rule.name)
        for name, value in given.items()
    }


def _projection_site(projection: Projection) -> ProjectionSite:
    empty: npt.NDArray[np.int64] = np.zeros(0, np.int64)
    rows, columns, pre = ([empty] * len(HEMISPHERES) for _ in range(3))
    for plan in projection.plans:
        h = plan.hemisphere
        rows[h], columns[h], pre[h] = plan.rows, plan.columns, plan.pre
    return ProjectionSite((rows[0], rows[1]), (columns[0], columns[1]), (pre[0], pre[1]))


def _population_site(population: NeuronPopulation) -> PopulationSite:
    return PopulationSite((population.columns(0), population.columns(1)))


def _dataset(rule: Rule, records: Records) -> xarray.Dataset:
    import xarray

    known = rule.instance.recorded
    coords: dict[str, Any] = {
        "index": ("invocation", records.index, {"long_name": "number of the invocation"}),
        "time": ("invocation", records.time_s, {"units": "s", "long_name": "release"}),
    }
    variables: dict[str, Any] = {}

    def put(name: str, dims: tuple[str, ...], values: Any, unit: str) -> None:
        while name in coords or name in dims or name in variables:
            name += "_"
        variables[name] = (("invocation", *dims), values, {"units": unit})

    for name, values in records.arrays.items():
        observable = known[name]
        if observable.kind in ("scalar", "array"):
            coords["hemisphere"] = [HEMISPHERE_NAMES[h] for h in records.hemispheres]
            index = tuple(f"{name}_index" + "_" * i for i in range(len(observable.shape)))
            put(name, ("hemisphere", *index), values, observable.unit)
        elif observable.kind == "synapse":
            for projection, each in zip(rule.projections, values, strict=True):
                end = f"_{projection.label}" if len(rule.projections) > 1 else ""
                full = _synapses(projection, each)
                put(name + end, ("pre" + end, "post" + end), full, observable.unit)
        else:
            for population, each in zip(rule.populations, values, strict=True):
                end = f"_{population.label}" if len(rule.populations) > 1 else ""
                full = np.zeros_like(each)
                order = [population.indices_on(h) for h in HEMISPHERES]
                full[:, np.concatenate(order)] = each
                put(name + end, ("neuron" + end,), full, observable.unit)
    counts = {
        f"{field}_{HEMISPHERE_NAMES[each.hemisphere]}": getattr(each, field)
        for each in rule.statistics
        for field in ("invoked", "missed", "dropped", "unrecorded", "longest_s")
    }
    attrs = {"rule": rule.name, **counts, "incomplete": records.incomplete}
    return xarray.Dataset(variables, coords, attrs)


def _synapses(projection: Projection, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bring recorded rows and columns, top hemisphere first, into logical order."""
    full = np.zeros((len(values), *projection.shape), values.dtype)
    if projection.plans:
        post = np.concatenate([plan.post for plan in projection.plans])
        full[:, : values.shape[1], post] = values
        full[:, ~projection.connected] = 0
    return full
