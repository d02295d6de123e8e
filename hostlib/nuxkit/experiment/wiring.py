# SPDX-License-Identifier: BSD-3-Clause
"""How an experiment's populations are connected on the chip: rows, labels, routing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nuxemu import RowMode
from nuxemu import memory_map as mm
from nuxkit.chip import Chip
from nuxkit.errors import ExperimentError
from nuxkit.hemispheres import HEMISPHERES

from .connectors import Connected
from .neuron_population import NeuronPopulation
from .placement import NO_LABEL, Columns, RowPlan, Rows, Sender
from .population import Population
from .projection import Projection
from .source_population import SourcePopulation, Target

RECEPTORS = {"excitatory": RowMode.EXCITATORY, "inhibitory": RowMode.INHIBITORY}


class Wiring:
    """Neurons, rows and labels that are in use, and the routing from neurons to rows."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.columns = Columns()
        self._rows = tuple(Rows(hemisphere) for hemisphere in HEMISPHERES)
        self._projections: list[Projection] = []
        # Neurons, rows, labels, delays and hemispheres of the connections of each projection.
        self._routing: list[npt.NDArray[np.float64]] = []

    def plan(
        self,
        label: str,
        pre: Population,
        post: NeuronPopulation,
        connected: Connected,
        receptor: str,
        delay_s: float,
    ) -> list[RowPlan]:
        """Choose rows for a projection, without taking them.

        Raises
        ------
        ExperimentError
            If a pair has such a synapse already, or there are not enough rows.
        """
        self._check_overlap(label, pre, post, connected, receptor)
        plans = []
        for hemisphere, rows in enumerate(self._rows):
            here = post.indices_on(hemisphere)
            sending = np.flatnonzero(connected[:, here].any(axis=1))
            if sending.size:
                senders = _senders(pre, sending, delay_s)
                columns = post.columns(hemisphere)
                plans.append(rows.plan(label, senders, sending, here, columns, RECEPTORS[receptor]))
        return plans

    def connect(self, projection: Projection) -> None:
        """Take the rows of a projection and send spikes there."""
        pre, delay_s = projection.pre, projection.delay_s
        receptor = RECEPTORS[projection.receptor]
        for plan in projection.plans:
            senders = _senders(pre, plan.pre, delay_s)
            new = self._rows[plan.hemisphere].take(projection.label, plan, senders, receptor)
            chosen, rows, labels = plan.pre[new], plan.rows[new], plan.labels[new]
            if isinstance(pre, SourcePopulation):
                row_of, label_of = np.full(pre.size, -1), np.zeros(pre.size, np.int64)
                row_of[chosen], label_of[chosen] = rows, labels
                pre.add_target(Target(plan.hemisphere, row_of, label_of, delay_s))
            elif isinstance(pre, NeuronPopulation):
                parts = (pre.neurons[chosen], rows, labels, delay_s, plan.hemisphere)
                self._routing.append(np.stack(np.broadcast_arrays(*parts)).astype(np.float64))
        self._projections.append(projection)
        self.write()

    def write(self) -> None:
        """Write receptors of rows, and routing."""
        network = self._chip.network
        modes = network.row_modes
        for hemisphere, rows in enumerate(self._rows):
            for row, receptor in enumerate(rows.receptors):
                if receptor is not None:
                    modes[hemisphere, row] = receptor
        network.row_modes = modes
        if self._routing:
            joined = np.concatenate(self._routing, axis=1)
            neurons, rows_to, labels, hemispheres = joined[[0, 1, 2, 4]].astype(np.int64)
            network.set_routing(neurons, rows_to, labels, joined[3], hemispheres)

    def write_labels(self) -> None:
        """Give all synapses the label that no event carries."""
        for array in self._chip.synram:
            array.labels = np.full((mm.NUM_ROWS, mm.NUM_COLUMNS), NO_LABEL, np.uint8)

    def _check_overlap(
        self, label: str, pre: Population, post: Population, connected: Connected, receptor: str
    ) -> None:
        for other in self._projections:
            if other.pre is pre and other.post is post and other.receptor == receptor:
                both = np.argwhere(other.connected & connected)
                if both.size:
                    raise ExperimentError(
                        f"projections {other.label!r} and {label!r} overlap: both have {receptor} "
                        f"synapses from {pre.label!r} to {post.label!r}, the first from neuron "
                        f"{both[0, 0]} to {both[0, 1]}"
                    )


def _senders(pre: Population, sending: npt.NDArray[np.int64], delay_s: float) -> list[Sender]:
    return [(pre.label, int(i), delay_s) for i in sending]
