# SPDX-License-Identifier: BSD-3-Clause
"""What a rule recorded, in logical order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.chip import Chip
from nuxkit.rules.description import Observable
from nuxkit.rules.instance import PopulationSite, ProjectionSite, RuleInstance
from nuxkit.rules.layout import HEADER, RecordLayout, members

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Records:
    """Recorded invocations of a rule.

    Attributes
    ----------
    index : ndarray of int64, shape (invocation,)
        Number of each recorded invocation.
    time_s : ndarray of float64, shape (invocation,)
        Its release, seconds of hardware time since the start of the program.
    hemispheres : tuple of int
        Hemispheres on which the rule is called.
    arrays : dict of str to (ndarray or list of ndarray)
        By observable. Synapses: one array a projection, shape (invocation, pre, post), 0 where
        a presynaptic neuron has no row in the hemisphere.
        Neurons: one a population, (invocation, neuron). Arrays: (invocation, hemisphere,
        size). Scalars: (invocation, hemisphere). Postsynaptic neurons and populations are
        joined, first those of the top hemisphere. Fractions are floats.
    incomplete : int
        Invocations that only one of two processors has recorded (so far, or because the
        other one dropped them); they are left out.
    """

    index: Array
    time_s: Array
    hemispheres: tuple[int, ...]
    arrays: dict[str, Any]
    incomplete: int


def read_records(chip: Chip, rule: RuleInstance) -> Records:
    """Read what a rule has recorded so far from the chip's memories."""
    parts = {h: _Part.read(chip, rule, h) for h in rule.hemispheres if rule.recorded}
    if not parts:
        empty = np.zeros(0)
        return Records(empty.astype(np.int64), empty, rule.hemispheres, {}, 0)
    common = parts[rule.hemispheres[0]].index
    every = common
    for part in parts.values():
        common = np.intersect1d(common, part.index, assume_unique=True)
        every = np.union1d(every, part.index)
    chosen = {h: part.only(common) for h, part in parts.items()}
    first = chosen[rule.hemispheres[0]]
    arrays = {name: _array(rule, name, entry, chosen) for name, entry in rule.recorded.items()}
    return Records(
        common, first.time / mm.PPU_CLOCK_HZ, rule.hemispheres, arrays, len(every) - len(common)
    )


@dataclass(frozen=True)
class _Part:
    """Records of one processor."""

    layout: RecordLayout
    data: Array
    external: bool

    @classmethod
    def read(cls, chip: Chip, rule: RuleInstance, hemisphere: int) -> _Part:
        layout = RecordLayout.of(rule, hemisphere)
        state = chip.read(f"{rule.name}_recording", hemisphere=hemisphere)
        count, address = state["recorded"], state["base"]
        content = chip.ppu[hemisphere].read(address, count * layout.size) if count else b""
        data = np.frombuffer(content, np.uint8).reshape(count, layout.size)
        return cls(layout, data, address >= mm.EXTMEM_DATA_BASE)

    def _field(self, offset: int, dtype: str) -> Array:
        size = np.dtype(dtype).itemsize
        return np.ascontiguousarray(self.data[:, offset : offset + size]).view(dtype)[:, 0]

    @property
    def index(self) -> Array:
        return self._field(0, ">u4").astype(np.int64)

    @property
    def time(self) -> Array:
        return self._field(8, ">u8").astype(np.int64)

    def only(self, index: Array) -> _Part:
        keep = np.isin(self.index, index)
        return self if keep.all() else _Part(self.layout, self.data[keep], self.external)


def _array(rule: RuleInstance, name: str, entry: Observable, parts: dict[int, _Part]) -> Any:
    if entry.kind in ("scalar", "array"):
        offset = HEADER + members(rule.description)[name]
        values = [_member(part.data, offset, entry) for part in parts.values()]
        return _values(np.stack(values, axis=1), entry)
    sites: Sequence[ProjectionSite | PopulationSite] = rule.populations
    if entry.kind == "synapse":
        sites = rule.projections
    return [_group(name, number, site, entry, parts) for number, site in enumerate(sites)]


def _group(
    name: str,
    number: int,
    site: ProjectionSite | PopulationSite,
    entry: Observable,
    parts: dict[int, _Part],
) -> Array:
    """Values of one projection or population, both hemispheres joined."""
    pieces = []
    for h, part in parts.items():
        if (name, number) in part.layout.blocks:
            block = part.layout.block(part.data, name, number, entry, part.external)
            values = block[:, :, site.columns_of(h)]
            if isinstance(site, ProjectionSite):
                pieces.append(_by_pre(values, site, h))
            else:
                pieces.append(values[:, 0])
    if not pieces:
        records = len(next(iter(parts.values())).data)
        shape = (records, 0, 0) if isinstance(site, ProjectionSite) else (records, 0)
        pieces = [np.zeros(shape, entry.dtype)]
    return _values(np.concatenate(pieces, axis=-1), entry)


def _by_pre(values: Array, site: ProjectionSite, hemisphere: int) -> Array:
    full = np.zeros((len(values), site.num_pre, values.shape[2]), values.dtype)
    full[:, site.pre_of(hemisphere)] = values
    return full


def _member(data: Array, offset: int, entry: Observable) -> Array:
    size = entry.dtype.itemsize * int(np.prod(entry.shape, dtype=int))
    found = np.ascontiguousarray(data[:, offset : offset + size])
    return found.view(entry.dtype.newbyteorder(">")).reshape(len(data), *entry.shape)


def _values(raw: Array, entry: Observable) -> Array:
    native = raw.astype(entry.dtype)
    if not entry.fraction_bits:
        return native
    return (native / 2.0**entry.fraction_bits).astype(entry.value_dtype)
