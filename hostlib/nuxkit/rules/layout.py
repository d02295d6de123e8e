# SPDX-License-Identifier: BSD-3-Clause
"""Records in the chip's memory: what is where in a record, and where the records are.

A record is a header of 16 bytes (see ``nux/record.h``), the variable ``observables``, and
blocks of values: for a row of synapses, or the neurons of a population, one value for each
of the 256 columns, even columns first. Vectors that the processor stores to the external
memories have their 32-bit words in reverse order there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.rules.description import Observable, RuleDescription
from nuxkit.rules.instance import RuleInstance

HEADER = 16
_VECTOR = mm.VECTOR_BYTES
Array = npt.NDArray[Any]


def members(description: RuleDescription) -> dict[str, int]:
    """Offset of each member of the variable ``observables``."""
    offsets, at = {}, 0
    for name, entry in description.in_struct.items():
        at = _round_up(at, entry.dtype.itemsize)
        offsets[name] = at
        at += entry.dtype.itemsize * int(np.prod(entry.shape, dtype=int))
    return offsets


def struct_size(description: RuleDescription) -> int:
    """Size of the variable ``observables``, bytes."""
    found = members(description)
    if not found:
        return 0
    last, start = list(found.items())[-1]
    entry = description.observables[last]
    return _round_up(start + entry.dtype.itemsize * int(np.prod(entry.shape, dtype=int)), 4)


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


@dataclass(frozen=True)
class RecordLayout:
    """Layout of the records of one rule on one processor.

    Attributes
    ----------
    size : int
        Bytes of a record; 0 if nothing is recorded.
    blocks : dict
        Offset and number of rows of each block, by name of the observable and number of
        the projection or population.
    """

    size: int
    blocks: dict[tuple[str, int], tuple[int, int]] = field(repr=False)

    @classmethod
    def of(cls, rule: RuleInstance, hemisphere: int) -> RecordLayout:
        """Lay out what a rule records in a hemisphere."""
        if not rule.recorded or not rule.runs_on(hemisphere):
            return cls(0, {})
        at = HEADER + struct_size(rule.description)
        blocks = {}
        for name, group, rows in _blocks(rule, hemisphere):
            at = _round_up(at, _VECTOR)
            blocks[name, group] = (at, rows)
            at += rows * mm.NUM_COLUMNS * rule.recorded[name].dtype.itemsize
        return cls(_round_up(at, _VECTOR if blocks else HEADER), blocks)

    def offsets(self, rule: RuleInstance) -> list[int]:
        """Table of offsets for the processor, ``observable * groups + group``."""
        groups = group_count(rule)
        names = list(rule.description.in_rows)
        table = [0] * (len(names) * groups)
        for (name, group), (offset, _) in self.blocks.items():
            table[names.index(name) * groups + group] = offset
        return table

    def block(self, data: Array, name: str, group: int, entry: Observable, external: bool) -> Array:
        """Values of one block of all records, in physical order.

        Parameters
        ----------
        data : ndarray of uint8, shape (records, size)
        name, group
            Which block.
        entry : Observable
            What it holds.
        external : bool
            Whether the records are in an external memory.

        Returns
        -------
        ndarray, shape (records, rows, 256)
        """
        offset, rows = self.blocks[name, group]
        width = rows * mm.NUM_COLUMNS * entry.dtype.itemsize
        found = np.ascontiguousarray(data[:, offset : offset + width])
        if external:
            words = found.reshape(len(data), -1, _VECTOR // 4, 4)
            found = np.ascontiguousarray(words[:, :, ::-1])
        halves = found.reshape(len(data), rows, -1).view(entry.dtype.newbyteorder(">"))
        return halves.reshape(len(data), rows, mm.NUM_COLUMNS)[:, :, _order(entry.dtype.itemsize)]


def _order(size: int) -> Array:
    """Place of the value of each column, see ``nux_column_place`` in ``nux/rule.h``."""
    column = np.arange(mm.NUM_COLUMNS)
    lane = column // 2
    if size == 2:
        lane = lane // 8 % 2 * 64 + lane // 16 * 8 + lane % 8
    return column % 2 * (mm.NUM_COLUMNS // 2) + lane


def group_count(rule: RuleInstance) -> int:
    """Entries of the offset table for each observable."""
    return max(len(rule.projections), len(rule.populations))


def _blocks(rule: RuleInstance, hemisphere: int) -> Iterator[tuple[str, int, int]]:
    """Observable, group and number of rows of each block."""
    for name, entry in rule.recorded.items():
        if entry.kind == "synapse":
            for group, site in enumerate(rule.projections):
                if len(site.rows_of(hemisphere)):
                    yield name, group, len(site.rows_of(hemisphere))
        elif entry.kind == "neuron":
            for group, population in enumerate(rule.populations):
                if len(population.columns_of(hemisphere)):
                    yield name, group, 1


@dataclass
class Memory:
    """What is left of one memory; `take` hands out pieces of it."""

    name: str
    begin: int
    end: int

    @cached_property
    def size(self) -> int:
        """Bytes that there were at first."""
        return self.end - self.begin

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return self.end - _round_up(self.begin, _VECTOR)

    def take(self, size: int) -> int:
        """Address of `size` bytes, at a multiple of 128."""
        address = _round_up(self.begin, _VECTOR)
        self.begin = address + size
        return address


@dataclass(frozen=True)
class Place:
    """Where the records of a rule are.

    Attributes
    ----------
    address : int
        Of the first one.
    layout : RecordLayout
    capacity : int
        Number of records.
    """

    address: int
    layout: RecordLayout
    capacity: int

    @property
    def size(self) -> int:
        """Bytes of all records."""
        return self.layout.size * self.capacity

    @property
    def external(self) -> bool:
        """Whether they are in an external memory."""
        return self.address >= mm.EXTMEM_DATA_BASE


def place_records(
    rules: list[RuleInstance], sram: Memory, external: Memory, dram: Memory
) -> dict[tuple[str, int], Place]:
    """Find memory for the records of all rules.

    Parameters
    ----------
    rules : list of RuleInstance
    sram, external, dram : Memory
        What the program leaves; both processors have the same SRAM layout.

    Returns
    -------
    dict
        Place by name of the rule and hemisphere; rules that record nothing have none.

    Raises
    ------
    nuxkit.errors.InputError
        A memory is too small, naming the rule, its need and what there is.
    """
    places = {}
    for rule in sorted(rules, key=lambda rule: rule.placement == "auto"):
        layouts = {h: RecordLayout.of(rule, h) for h in rule.hemispheres}
        needs = {h: layout.size * rule.records for h, layout in layouts.items()}
        if not any(needs.values()):
            continue
        memory = _choose(rule, needs, {"sram": sram, "external": external, "dram": dram})
        if memory is sram:  # one in each hemisphere, at the same place
            address = memory.take(max(needs.values()))
            addresses = dict.fromkeys(needs, address)
        else:
            addresses = {h: memory.take(need) for h, need in needs.items()}
        for h, layout in layouts.items():
            places[rule.name, h] = Place(addresses[h], layout, rule.records)
    return places


def _choose(rule: RuleInstance, needs: dict[int, int], memories: dict[str, Memory]) -> Memory:
    total = sum(_round_up(need, _VECTOR) for need in needs.values())
    asked = {name: max(needs.values()) if name == "sram" else total for name in memories}
    wanted = list(memories) if rule.placement == "auto" else [rule.placement]
    for name in wanted:
        if asked[name] <= memories[name].left:
            return memories[name]
    memory = memories[wanted[-1]]
    raise InputError(
        f"rule {rule.name}: {rule.records} records need {asked[wanted[-1]]} bytes, but there are "
        f"{max(memory.left, 0)} left of the {memory.name}: record fewer invocations (capacity) or "
        f"observables (record)" + ("" if wanted[-1] == "dram" else ', or choose placement="auto"')
    )
