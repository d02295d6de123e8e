# SPDX-License-Identifier: BSD-3-Clause
"""A rule with its timer and the synapses and neurons that it is for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES
from nuxkit.rules.description import Observable, RuleDescription, names
from nuxkit.rules.timer import Timer

#: Records of a rule whose timer has no end, if not told otherwise.
DEFAULT_CAPACITY = 1000

Placement = Literal["auto", "sram", "external", "dram"]
Indices = npt.NDArray[np.int64]

_NAME = re.compile(r"^[A-Za-z]\w*$")
_RESERVED = ("nux", "isr")


@dataclass(frozen=True)
class ProjectionSite:
    """Where the synapses of a projection are.

    Attributes
    ----------
    rows : tuple of ndarray
        By hemisphere: row of each presynaptic neuron, in their order. Of a hemisphere
        without columns it may be empty.
    columns : tuple of ndarray
        By hemisphere: column of each postsynaptic neuron there, in their order.
    pre : tuple of ndarray, optional
        By hemisphere: number of the presynaptic neuron of each row, for the records; 0, 1, 2
        and so on if not given, when both hemispheres have as many rows.
    """

    rows: tuple[npt.ArrayLike, npt.ArrayLike]
    columns: tuple[npt.ArrayLike, npt.ArrayLike]
    pre: tuple[npt.ArrayLike, npt.ArrayLike] | None = None

    def __post_init__(self) -> None:
        rows = tuple(_indices("rows", h, self.rows, mm.NUM_ROWS) for h in HEMISPHERES)
        columns = tuple(_indices("columns", h, self.columns, mm.NUM_COLUMNS) for h in HEMISPHERES)
        rows = tuple(rows[h] if len(columns[h]) else rows[h][:0] for h in HEMISPHERES)
        columns = tuple(columns[h] if len(rows[h]) else columns[h][:0] for h in HEMISPHERES)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "pre", tuple(self._checked_pre(h) for h in HEMISPHERES))

    def _checked_pre(self, hemisphere: int) -> Indices:
        lengths = [len(self.rows_of(h)) for h in HEMISPHERES]
        if self.pre is None:
            if all(lengths) and lengths[0] != lengths[1]:
                raise InputError(
                    f"ProjectionSite: {lengths[0]} rows in the top hemisphere and {lengths[1]} in "
                    "the bottom one: `pre` must say whose they are"
                )
            return np.arange(lengths[hemisphere])
        pre = _indices("pre", hemisphere, self.pre, np.iinfo(np.int32).max)
        if not lengths[hemisphere]:
            return pre[:0]
        if len(pre) != lengths[hemisphere]:
            raise InputError(
                f"ProjectionSite: {lengths[hemisphere]} rows in the {HEMISPHERE_NAMES[hemisphere]} "
                f"hemisphere, but {len(pre)} presynaptic neurons"
            )
        return pre

    def pre_of(self, hemisphere: int) -> Indices:
        """Presynaptic neurons of the rows in a hemisphere."""
        assert self.pre is not None  # since __post_init__
        return np.asarray(self.pre[hemisphere])

    @property
    def num_pre(self) -> int:
        """Presynaptic neurons in the records: all up to the last one that has a row."""
        return max(int(self.pre_of(h).max(initial=-1)) for h in HEMISPHERES) + 1

    def rows_of(self, hemisphere: int) -> Indices:
        """Rows in a hemisphere."""
        return np.asarray(self.rows[hemisphere])

    def columns_of(self, hemisphere: int) -> Indices:
        """Columns in a hemisphere."""
        return np.asarray(self.columns[hemisphere])


@dataclass(frozen=True)
class PopulationSite:
    """Where the neurons of a population are.

    Attributes
    ----------
    columns : tuple of ndarray
        By hemisphere: column of each neuron there, in their order.
    """

    columns: tuple[npt.ArrayLike, npt.ArrayLike]

    def __post_init__(self) -> None:
        columns = tuple(_indices("columns", h, self.columns, mm.NUM_COLUMNS) for h in HEMISPHERES)
        object.__setattr__(self, "columns", columns)

    def columns_of(self, hemisphere: int) -> Indices:
        """Columns in a hemisphere."""
        return np.asarray(self.columns[hemisphere])


def _indices(name: str, hemisphere: int, given: Any, limit: int) -> Indices:
    if len(given) != len(HEMISPHERES):
        raise InputError(f"{name} has {len(given)} entries, but must have one a hemisphere, 2")
    values = np.asarray(given[hemisphere])
    place = f"{name} of the {HEMISPHERE_NAMES[hemisphere]} hemisphere"
    if values.size == 0:
        return np.zeros(0, np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(
            f"{place}: shape {values.shape} and type {values.dtype}, but must be a list of integers"
        )
    wrong = values[(values < 0) | (values >= limit)]
    if wrong.size:
        raise InputError(f"{place}: {wrong[0]} is not one of 0 to {limit - 1}")
    unique, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        raise InputError(f"{place}: {unique[counts > 1][0]} is there twice")
    return values.astype(np.int64)


@dataclass
class RuleInstance:
    """A rule of a program.

    Attributes
    ----------
    name : str
        Its name, a C identifier; every rule of a program has another one.
    description : RuleDescription
        From `describe`.
    timer : Timer
    projections : sequence of ProjectionSite
    populations : sequence of PopulationSite
        What it is called with, in this order. Without any of both it is called on the
        top processor only.
    placement : {"auto", "sram", "external", "dram"}
        Memory of its records. Automatic is the SRAM if all records fit there, else the
        external memory, else the DRAM.
    record : sequence of str, optional
        Observables to record; all if not given.
    capacity : int, optional
        Number of invocations that are recorded, the first ones; all of the timer if not
        given, or 1000 if it has no end.
    """

    name: str
    description: RuleDescription
    timer: Timer
    projections: Sequence[ProjectionSite] = ()
    populations: Sequence[PopulationSite] = ()
    placement: Placement = "auto"
    record: Iterable[str] | None = None
    capacity: int | None = None
    recorded: dict[str, Observable] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _NAME.match(self.name) or self.name.split("_")[0] in _RESERVED:
            raise InputError(
                f"rule {self.name!r}: its name must be one of C, of letters, digits and _, and "
                f"not begin with {' or '.join(_RESERVED)}"
            )
        if self.placement not in get_args(Placement):
            raise InputError(
                f"rule {self.name}: placement is {self.placement!r}, but must be one of "
                f"{', '.join(get_args(Placement))}"
            )
        if isinstance(self.record, str):
            raise InputError(
                f"rule {self.name}: record is {self.record!r}, but must be a list of names"
            )
        known = self.description.observables
        chosen = list(known) if self.record is None else list(self.record)
        for name in chosen:
            if name not in known:
                raise InputError(
                    f"rule {self.name}: no observable {name!r}; {self.description.path} "
                    f"declares: {names(known)}"
                )
        self.recorded = {name: entry for name, entry in known.items() if name in chosen}
        self._check_overlap()
        if self.capacity is not None and (
            isinstance(self.capacity, bool)
            or not isinstance(self.capacity, int | np.integer)
            or not 0 <= self.capacity < 2**32
        ):
            raise InputError(
                f"rule {self.name}: capacity is {self.capacity!r}, but must be an integer from 0 "
                "to 2**32 - 1"
            )

    def _check_overlap(self) -> None:
        for h in HEMISPHERES:
            owner = np.full((mm.NUM_ROWS, mm.NUM_COLUMNS), -1)
            for number, site in enumerate(self.projections):
                cut = np.ix_(site.rows_of(h), site.columns_of(h))
                taken = np.argwhere(owner[cut] >= 0)
                if len(taken):
                    row, column = site.rows_of(h)[taken[0, 0]], site.columns_of(h)[taken[0, 1]]
                    raise InputError(
                        f"rule {self.name}: its projections {owner[row, column]} and {number} "
                        f"overlap: both have the synapse in row {row}, column {column} of the "
                        f"{HEMISPHERE_NAMES[h]} hemisphere"
                    )
                owner[cut] = number

    @property
    def folder(self) -> str:
        """Folder of the rule's file, which it may read from."""
        return os.path.dirname(self.description.full_path)

    def runs_on(self, hemisphere: int) -> bool:
        """Whether the rule is called on the processor of a hemisphere."""
        if not self.projections and not self.populations:
            return hemisphere == 0
        return any(len(site.columns_of(hemisphere)) for site in self.sites)

    @property
    def sites(self) -> tuple[ProjectionSite | PopulationSite, ...]:
        """Projections and populations."""
        return (*self.projections, *self.populations)

    @property
    def hemispheres(self) -> tuple[int, ...]:
        """Hemispheres on which the rule is called."""
        return tuple(h for h in HEMISPHERES if self.runs_on(h))

    @property
    def records(self) -> int:
        """Number of invocations to keep memory for."""
        if not self.recorded:
            return 0
        count = self.timer.count
        if self.capacity is None:
            return DEFAULT_CAPACITY if count is None else count
        return self.capacity if count is None else min(count, self.capacity)
