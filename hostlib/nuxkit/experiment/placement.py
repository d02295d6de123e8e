# SPDX-License-Identifier: BSD-3-Clause
"""Where neurons and synapses are on the chip.

Neurons take the free columns of the top hemisphere, then of the bottom one, in the order in which
populations are made. A projection takes, on each hemisphere where it has postsynaptic neurons,
one row for each presynaptic neuron that is connected there, over all columns of these neurons. A
row has one receptor. It is given first to projections from the same presynaptic neuron to other
columns; when no row is free any more, also to other presynaptic neurons with other columns, whose
events then differ in their label.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import ExperimentError
from nuxkit.hemispheres import HEMISPHERE_NAMES, HEMISPHERES

from .checks import indices

NEURONS = len(HEMISPHERES) * mm.NUM_COLUMNS
#: Label of synapses without connection; no event carries it.
NO_LABEL = mm.LABEL_MAX

Indices = npt.NDArray[np.int64]
#: What events carry on a row: who sends them (population, neuron), and after which delay.
Sender = tuple[Hashable, int, float]


class Columns:
    """The chip's 512 neurons: which are taken."""

    def __init__(self) -> None:
        self._owner: list[str | None] = [None] * NEURONS

    def plan(self, who: str, size: int, placement: npt.ArrayLike | None) -> Indices:
        """Choose neurons (``hemisphere * 256 + column``): the first free ones, or those given.

        Raises
        ------
        InputError
            If a chosen one does not exist.
        ExperimentError
            If too few are free, or a chosen one is taken.
        """
        free = [neuron for neuron, owner in enumerate(self._owner) if owner is None]
        if placement is None:
            if size > len(free):
                raise ExperimentError(
                    f"population {who!r} has {size} neurons, but only {len(free)} of the chip's "
                    f"{NEURONS} are free"
                )
            chosen = np.asarray(free[:size], np.int64)
        else:
            chosen = indices(f"placement of {who!r}", placement, NEURONS)
            if chosen.size != size:
                raise ExperimentError(
                    f"placement of {who!r} has {chosen.size} elements, but the population has "
                    f"{size} neurons"
                )
        for neuron in chosen.tolist():
            if self._owner[neuron] is not None:
                raise ExperimentError(
                    f"placement of {who!r}: neuron {neuron} belongs to population "
                    f"{self._owner[neuron]!r}"
                )
        return chosen

    def take(self, who: str, neurons: Indices) -> None:
        """Take neurons of a plan."""
        for neuron in neurons.tolist():
            self._owner[neuron] = who


@dataclass
class _Row:
    receptor: int | None = None
    used: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(mm.NUM_COLUMNS, np.bool_))
    labels: dict[Sender, int] = field(default_factory=dict)
    owners: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RowPlan:
    """Rows of a projection on one hemisphere.

    Attributes
    ----------
    hemisphere : int
        0 (top) or 1 (bottom).
    pre : ndarray of int64, shape (n,)
        Presynaptic neurons that have a row here.
    rows, labels : ndarray of int64, shape (n,)
        The row of each, and the label of its events there.
    post : ndarray of int64, shape (m,)
        Postsynaptic neurons on this hemisphere.
    columns : ndarray of int64, shape (m,)
        Their columns.
    """

    hemisphere: int
    pre: Indices
    rows: Indices
    labels: Indices
    post: Indices
    columns: Indices


class Rows:
    """The 256 rows of one hemisphere: receptors, used columns, labels."""

    def __init__(self, hemisphere: int) -> None:
        self._hemisphere = hemisphere
        self._rows = [_Row() for _ in range(mm.NUM_ROWS)]

    @property
    def receptors(self) -> list[int | None]:
        """Receptor of each row; None where it is not used."""
        return [row.receptor for row in self._rows]

    def plan(
        self,
        who: str,
        senders: Sequence[Sender],
        pre: Indices,
        post: Indices,
        columns: Indices,
        receptor: int,
    ) -> RowPlan:
        """Choose rows, without taking them.

        Raises
        ------
        ExperimentError
            If there are not enough.
        """
        usable = self._usable(receptor, columns)
        rows, labels = [], []
        for sender in senders:
            row = self._best(usable, sender)
            if row is None:
                raise self._too_few(who, len(senders), receptor, columns)
            usable[row] = False
            known = self._rows[row].labels
            rows.append(row)
            labels.append(known.get(sender, len(known)))
        return RowPlan(
            self._hemisphere,
            pre,
            np.asarray(rows, np.int64),
            np.asarray(labels, np.int64),
            post,
            columns,
        )

    def take(
        self, who: str, plan: RowPlan, senders: Sequence[Sender], receptor: int
    ) -> npt.NDArray[np.bool_]:
        """Take the rows of a plan; returns which senders did not send there before."""
        new = np.zeros(len(senders), np.bool_)
        for i, (sender, at) in enumerate(zip(senders, plan.rows, strict=True)):
            row = self._rows[at]
            row.receptor = receptor
            row.used[plan.columns] = True
            row.owners.append(who)
            new[i] = sender not in row.labels
            row.labels[sender] = int(plan.labels[i])
        return new

    def _usable(self, receptor: int, columns: Indices) -> list[bool]:
        """Which rows can carry that receptor, and are free in these columns."""
        return [
            row.receptor in (None, receptor) and not row.used[columns].any() for row in self._rows
        ]

    def _best(self, usable: list[bool], sender: Sender) -> int | None:
        """Return a row of the same presynaptic neuron, else a free one, else any usable one."""
        chosen: tuple[int, int, int] | None = None
        for at, row in enumerate(self._rows):
            if not usable[at] or (sender not in row.labels and len(row.labels) >= NO_LABEL):
                continue
            same = any(other[:2] == sender[:2] for other in row.labels)
            rank = (0 if same else 1 if not row.labels else 2, len(row.labels), at)
            if chosen is None or rank < chosen:
                chosen = rank
        return None if chosen is None else chosen[2]

    def _too_few(self, who: str, needed: int, receptor: int, columns: Indices) -> ExperimentError:
        side = HEMISPHERE_NAMES[self._hemisphere]
        left = sum(self._usable(receptor, columns))
        others = sorted({owner for row in self._rows for owner in row.owners})
        taken = f"; the others belong to {', '.join(map(repr, others))}" if others else ""
        return ExperimentError(
            f"projection {who!r} needs {needed} rows of the {side} synapse array, one for each "
            f"presynaptic neuron, but only {left} of {mm.NUM_ROWS} can be used for its receptor "
            f"and columns{taken}"
        )
