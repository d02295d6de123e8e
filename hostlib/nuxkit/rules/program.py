# SPDX-License-Identifier: BSD-3-Clause
"""A program of one or more rules, on a chip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import SiteKind
from nuxemu import memory_map as mm
from nuxkit.builder import BuildResult
from nuxkit.builder.capacity import DRAM, EXTERNAL
from nuxkit.chip import Chip
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES
from nuxkit.result import Remark
from nuxkit.rules import parameters
from nuxkit.rules.description import names
from nuxkit.rules.generate import compile_program, generate, wrapper
from nuxkit.rules.instance import RuleInstance
from nuxkit.rules.invocations import LOG_ENTRY, read_log
from nuxkit.rules.layout import Memory, Place, place_records
from nuxkit.rules.records import Records, read_records
from nuxkit.rules.timer import SHORTEST_PERIOD_CYCLES, Timer

_NO_END = 2**32 - 1
#: Invocations that are logged of a rule whose timer has no end, and of all rules together.
_LOGGED_WITHOUT_END = 1 << 16
_MOST_LOGGED = 1 << 20
#: SRAM that stays free between records and the deepest stack.
_STACK_MARGIN = 64
_CLEARED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class RuleStatistics:
    """What became of the invocations of a rule on one processor.

    Attributes
    ----------
    rule : str
    hemisphere : int
        0 top, 1 bottom.
    invoked : int
        Invocations that ended.
    missed : int
        Of these, how many ended after their deadline, the next release.
    dropped : int
        Invocations that could not begin before their deadline, and were left out.
    unrecorded : int
        Invocations for whose record there was no memory.
    longest_s : float
        Hardware time of the longest invocation, seconds.
    """

    rule: str
    hemisphere: int
    invoked: int
    missed: int
    dropped: int
    unrecorded: int
    longest_s: float


class RuleProgram:
    """A program that runs rules on both processors; `make_program` makes one.

    Attributes
    ----------
    build : nuxkit.BuildResult
        The compiled program.
    instances : tuple of RuleInstance
        Its rules, in the order of their tasks.
    sources : dict of str to str
        Generated C text by file name.
    """

    def __init__(
        self, instances: Sequence[RuleInstance], sources: dict[str, str], build: BuildResult
    ) -> None:
        self.instances = tuple(instances)
        self.sources = sources
        self.build = build
        self._rules = {rule.name: rule for rule in self.instances}
        self._values = {
            rule.name: {
                name: parameters.default_of(parameter)
                for name, parameter in rule.description.parameters.items()
            }
            for rule in self.instances
        }

    def rule(self, name: str) -> RuleInstance:
        """Return the rule of a name."""
        if name not in self._rules:
            raise InputError(f"no rule {name!r} in the program; there are: {names(self._rules)}")
        return self._rules[name]

    def load(self, chip: Chip) -> None:
        """Load the program on both processors, with tables, timers and parameters.

        Parameters have their defaults, or the values that were set last.

        Raises
        ------
        nuxkit.errors.InputError
            The records do not fit into the memory, or the periods are too short even for
            rules that do nothing.
        """
        self._check_periods()
        places, log = self._places()
        for hemisphere in HEMISPHERES:
            chip.load(self.build.program, hemisphere=hemisphere)
            ends = [place.address + place.size for place in places.values() if not place.external]
            limit = self.build.program.symbols["__stack_limit"].address
            chip.ppu[hemisphere].set_stack_limit(max([limit, *ends]))
            chip.write_symbols(self._tables(hemisphere), hemisphere=hemisphere)
        for rule in self.instances:
            for hemisphere in rule.hemispheres:
                place = places.get((rule.name, hemisphere))
                if place is not None:
                    chip.write_symbols(_recording(rule, place), hemisphere=hemisphere)
                    _clear(chip, hemisphere, place.address, place.size)
            self._write(chip, rule, self._values[rule.name])
        for hemisphere, (address, capacity) in log.items():
            chip.write_symbols(
                {"nux_invocation_log.entry": address, "nux_invocation_log.capacity": capacity},
                hemisphere=hemisphere,
            )

    def start(self, chip: Chip) -> None:
        """Start the program, with the present timers, where it has something to do.

        What an earlier start left is lost; parameters keep their values.
        """
        self._check_loaded(chip)
        for hemisphere in HEMISPHERES:
            chip.stop(hemisphere)
        self.load(chip)
        self.begin(chip)

    def begin(self, chip: Chip) -> None:
        """Start the program, just loaded, on the processors where it has something to do."""
        for hemisphere in HEMISPHERES:
            if any(rule.runs_on(hemisphere) for rule in self.instances):
                chip.start(hemisphere=hemisphere)

    def set_timer(self, rule_name: str, timer: Timer) -> None:
        """Give a rule another timer, from the next start on. Nothing is compiled."""
        self.rule(rule_name).timer = timer

    def set_parameters(self, chip: Chip, rule_name: str, **values: Any) -> None:
        """Write parameters, also while the program runs. Nothing is compiled.

        All are written, or none.

        Raises
        ------
        nuxkit.errors.InputError
            Naming the rule, the parameter, its value and the limit.
        """
        rule = self.rule(rule_name)
        known = rule.description.parameters
        parameters.check_names(rule_name, rule.description, values)
        new = {
            name: parameters.checked(known[name], value, rule_name)
            for name, value in values.items()
        }
        if self.is_loaded(chip):
            self._write(chip, rule, new)
        self._values[rule_name].update(new)

    def get_parameters(self, chip: Chip, rule_name: str) -> dict[str, Any]:
        """Parameters as the processor has them; fractions as float, arrays as ndarray."""
        rule = self.rule(rule_name)
        if not self.is_loaded(chip):
            return dict(self._values[rule_name])
        hemisphere = (*rule.hemispheres, 0)[0]
        return {
            name: parameters.decoded(
                parameter, chip.read(f"{rule_name}_parameters.{name}", hemisphere=hemisphere)
            )
            for name, parameter in rule.description.parameters.items()
        }

    def statistics(self, chip: Chip) -> list[RuleStatistics]:
        """Count the invocations of all rules, for each hemisphere on which it is called."""
        self._check_loaded(chip)
        found = []
        tasks = {h: chip.read("nux_tasks", hemisphere=h) for h in HEMISPHERES}
        for number, rule in enumerate(self.instances):
            for h in rule.hemispheres:
                task = tasks[h][number]
                unrecorded = chip.read(f"{rule.name}_recording.unrecorded", hemisphere=h)
                found.append(RuleStatistics(
                    rule.name, h, task["invoked"], task["missed"], task["dropped"],
                    unrecorded if rule.recorded else 0, task["longest"] / mm.PPU_CLOCK_HZ,
                ))  # fmt: skip
        return found

    def deadline_problems(self, chip: Chip) -> list[str]:
        """Sentences about the rules that had missed or dropped invocations."""
        found = []
        for one in self.statistics(chip):
            if one.missed or one.dropped:
                total = one.invoked + one.dropped
                found.append(
                    f"rule {one.rule}, {HEMISPHERE_NAMES[one.hemisphere]} processor: of {total} "
                    f"invocations {one.missed} ended after their deadline and {one.dropped} were "
                    f"dropped; the longest took {one.longest_s * 1e6:.6g} us, the period is "
                    f"{self.rule(one.rule).timer.period_s * 1e6:.6g} us: make the period longer, "
                    "or the rules shorter"
                )
        return found

    def remarks(self, chip: Chip) -> tuple[Remark, ...]:
        """Return the remarks about both processors, with the names of rules.

        For periods that were too short, see `late_remarks`.
        """
        self._check_loaded(chip)
        files = {wrapper(rule): rule.name for rule in self.instances}
        program = self.build.program
        return tuple(
            replace(remark, rule=files.get(program.unit_at(remark.pc) or ""))
            for h in HEMISPHERES
            for remark in chip.remarks(h)
        )

    def late_remarks(self, chip: Chip) -> tuple[Remark, ...]:
        """Return remarks about the rules that had missed or dropped invocations."""
        late = [one for one in self.statistics(chip) if one.missed or one.dropped]
        return tuple(self._missed(one) for one in late)

    def _missed(self, one: RuleStatistics) -> Remark:
        program = self.build.program
        pc = program.symbols[f"{one.rule}_rule"].address
        function = program.function_at(pc)
        return Remark(
            SiteKind.MISSED, pc, program.declaration(function) if function else None,
            one.missed + one.dropped, one.hemisphere, one.rule,
            f"of {one.invoked + one.dropped} invocations {one.missed} ended after their deadline "
            f"and {one.dropped} were left out, the longest took {one.longest_s * 1e6:.6g} us, the "
            f"period is {self.rule(one.rule).timer.period_s * 1e6:.6g} us",
        )  # fmt: skip

    def invocations(self, chip: Chip) -> npt.NDArray[Any]:
        """Read the log of all invocations that ended, by their begin.

        Returns
        -------
        ndarray, shape (n,)
            Fields ``rule`` (str), ``hemisphere``, ``index``, and ``release_s``, ``begin_s``,
            ``end_s``: seconds of hardware time since the start of the program. See
            `lost_invocations`.
        """
        self._check_loaded(chip)
        return read_log(chip, list(self._rules))

    def lost_invocations(self, chip: Chip) -> int:
        """Count the invocations for which the log had no place."""
        self._check_loaded(chip)
        return sum(chip.read("nux_invocation_log.lost", hemisphere=h) for h in HEMISPHERES)

    def records(self, chip: Chip, rule_name: str) -> Records:
        """Read what a rule has recorded so far; see `Records`."""
        rule = self.rule(rule_name)
        self._check_loaded(chip)
        return read_records(chip, rule)

    def is_loaded(self, chip: Chip) -> bool:
        """Whether a chip has this program."""
        return all(chip.has_program(self.build.program, hemisphere=h) for h in HEMISPHERES)

    def _check_loaded(self, chip: Chip) -> None:
        if not self.is_loaded(chip):
            raise InputError("the program of the rules is not loaded on this chip")

    def _write(self, chip: Chip, rule: RuleInstance, values: dict[str, Any]) -> None:
        known = rule.description.parameters
        symbols = {
            f"{rule.name}_parameters.{name}": parameters.encoded(known[name], value)
            for name, value in values.items()
        }
        for hemisphere in HEMISPHERES:
            chip.write_symbols(symbols, hemisphere=hemisphere)

    def _tables(self, hemisphere: int) -> dict[str, Any]:
        """Values of the generated tables and tasks."""
        values: dict[str, Any] = {}
        for number, rule in enumerate(self.instances):
            values[f"{rule.name}_call.hemisphere"] = hemisphere
            for p, site in enumerate(rule.projections):
                place = f"{rule.name}_projection[{p}]"
                rows, columns = site.rows_of(hemisphere), site.columns_of(hemisphere)
                values[f"{place}.rows"], values[f"{place}.columns"] = len(rows), len(columns)
                values |= _table(f"{rule.name}_row_{p}", self._size(rule, p, "row"), rows)
                values |= _table(f"{rule.name}_column_{p}", self._size(rule, p, "column"), columns)
                values |= _mask(place, columns)
            for p, population in enumerate(rule.populations):
                place = f"{rule.name}_population[{p}]"
                columns = population.columns_of(hemisphere)
                values[f"{place}.neurons"] = len(columns)
                values |= _table(f"{rule.name}_neuron_{p}", self._size(rule, p, "neuron"), columns)
                values |= _mask(place, columns)
            task = f"nux_tasks[{number}]"
            timer = rule.timer
            count = timer.count if timer.count is not None else _NO_END
            values[f"{task}.release"] = timer.start_cycles
            values[f"{task}.period"] = timer.period_cycles
            values[f"{task}.count"] = count if rule.runs_on(hemisphere) else 0
        return values

    def _size(self, rule: RuleInstance, number: int, kind: str) -> int:
        return self.build.program.symbols[f"{rule.name}_{kind}_{number}"].size

    def _check_periods(self) -> None:
        for hemisphere in HEMISPHERES:
            timers = [rule.timer for rule in self.instances if rule.runs_on(hemisphere)]
            share = sum(SHORTEST_PERIOD_CYCLES / timer.period_cycles for timer in timers)
            if share > 1:
                periods = ", ".join(
                    f"{rule.name} {rule.timer.period_s * 1e6:.6g} us"
                    for rule in self.instances
                    if rule.runs_on(hemisphere)
                )
                raise InputError(
                    f"periods ({periods}) are too short: the scheduler alone needs "
                    f"{SHORTEST_PERIOD_CYCLES / mm.PPU_CLOCK_HZ * 1e6:g} us for each invocation, "
                    f"{100 * share:.0f} % of the time of the {HEMISPHERE_NAMES[hemisphere]} "
                    "processor"
                )

    def _places(
        self,
    ) -> tuple[dict[tuple[str, int], Place], dict[int, tuple[int, int]]]:
        """Places of all records; address and capacity of the log of each hemisphere."""
        report = self.build.report
        free = self.build.program.symbols["__stack_limit"].address
        bounded = report.stack.size is not None
        end = free + report.free - _STACK_MARGIN if bounded else free
        sram = Memory("SRAM", free, end)
        external, dram = (
            Memory(region.name, base + used, base + region.size)
            for region, base, used in (
                (EXTERNAL, mm.EXTMEM_DATA_BASE, report.external),
                (DRAM, mm.DRAM_DATA_BASE, report.dram),
            )
        )
        log = {}
        for h in HEMISPHERES:
            counts = [rule.timer.count for rule in self.instances if rule.runs_on(h)]
            wanted = sum(_LOGGED_WITHOUT_END if count is None else count for count in counts)
            capacity = min(wanted, _MOST_LOGGED)
            log[h] = (dram.take(capacity * LOG_ENTRY.itemsize), capacity)
        return place_records(list(self.instances), sram, external, dram), log


def _table(name: str, size: int, values: npt.NDArray[Any]) -> dict[str, Any]:
    padded = np.zeros(size, np.uint8)
    padded[: len(values)] = values
    return {name: padded}


def _mask(place: str, columns: npt.NDArray[Any]) -> dict[str, Any]:
    lanes = np.zeros(mm.NUM_COLUMNS, np.uint8)
    lanes[columns] = 1
    return {f"{place}.mask[{half}]": lanes[half::2] for half in (0, 1)}


def _recording(rule: RuleInstance, place: Place) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"{rule.name}_recording.base": place.address,
        f"{rule.name}_recording.size": place.layout.size,
        f"{rule.name}_recording.capacity": place.capacity,
    }
    if offsets := place.layout.offsets(rule):
        values[f"{rule.name}_offset"] = offsets
    return values


def _clear(chip: Chip, hemisphere: int, address: int, size: int) -> None:
    """Set memory to zero, without taking host memory for what is zero already."""
    ppu = chip.ppu[hemisphere]
    for begin in range(address, address + size, _CLEARED_AT_ONCE):
        part = min(_CLEARED_AT_ONCE, address + size - begin)
        if np.frombuffer(ppu.read(begin, part), np.uint8).any():
            ppu.write(begin, bytes(part))


def make_program(
    instances: Sequence[RuleInstance],
    *,
    keep: str | os.PathLike[str] | None = None,
    optimize: str = "-O2",
    cache: bool = True,
) -> RuleProgram:
    """Generate and build the program of some rules.

    Parameters
    ----------
    instances : sequence of RuleInstance
        At least one; their names differ.
    keep : path, optional
        Folder to write the generated sources to.
    optimize : {"-O1", "-O2", "-O3", "-Os"}
        Optimisation level.
    cache : bool
        Reuse an earlier result of the same build.

    Raises
    ------
    nuxkit.builder.KernelBuildError
        A rule does not compile, or the program does not fit; at the lines of the rules.
    nuxkit.errors.InputError
        Two rules have the same name, or there is none.
    """
    if not instances:
        raise InputError("make_program() needs at least one rule")
    given = [rule.name for rule in instances]
    for name in given:
        if given.count(name) > 1:
            raise InputError(f"two rules have the name {name!r}; give them different ones")
    sources = generate(instances)
    folder = os.fspath(keep) if keep is not None else None
    built = compile_program(instances, sources, folder, optimize, reuse=cache)
    return RuleProgram(instances, sources, built)
