# SPDX-License-Identifier: BSD-3-Clause
"""Projections: synapses from one population to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.errors import ExperimentError, InputError

from . import checks
from .neuron_population import NeuronPopulation
from .placement import NO_LABEL, RowPlan
from .population import Population
from .recording import Samples

if TYPE_CHECKING:
    import xarray

    from nuxemu import SynapseArray

    from .session import Session

_RECORDABLE = ("weights", "causal", "acausal")


class Projection:
    """Synapses between two populations; made by `Experiment.projection`.

    Arrays are in the order of the populations, ``[pre, post]``, wherever the synapses are on the
    chip.

    Attributes
    ----------
    label : str
        Its name.
    pre : Population
        Where spikes come from.
    post : NeuronPopulation
        Whose neurons get them.
    receptor : {"excitatory", "inhibitory"}
        Synaptic input of the neurons.
    delay_s : float
        From a spike to its synapses.
    connected : ndarray of bool, shape (pre, post)
        Which pairs have a synapse.
    plans : tuple of RowPlan
        Rows and columns on each hemisphere that has synapses.
    """

    def __init__(
        self,
        session: Session,
        label: str,
        pre: Population,
        post: NeuronPopulation,
        connected: npt.NDArray[np.bool_],
        weights: npt.NDArray[np.uint8],
        receptor: str,
        delay_s: float,
        plans: Sequence[RowPlan],
    ) -> None:
        self._session = session
        self.label, self.pre, self.post = label, pre, post
        self.connected = connected
        self.connected.flags.writeable = False
        self.receptor, self.delay_s = receptor, delay_s
        self.plans = tuple(plans)
        self._initial = weights
        self._samples: dict[str, Samples] = {}
        self.apply()

    def __repr__(self) -> str:
        return (
            f"<Projection {self.label!r} from {self.pre.label!r} to {self.post.label!r}, "
            f"{np.count_nonzero(self.connected)} {self.receptor} synapses>"
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Sizes of the populations: pre, post."""
        return self.pre.size, self.post.size

    @property
    def weights(self) -> npt.NDArray[np.uint8]:
        """Weights, uint8 of shape (pre, post), 0 to 63, a copy; 0 where there is no synapse.

        Assign one number or a whole array; values where there is no synapse are ignored. Those
        assigned at time 0 are the weights that `Experiment.reset` returns to.
        """
        return self._gather(lambda array: array.weights, 0)

    @weights.setter
    def weights(self, values: npt.ArrayLike) -> None:
        checked = checks.matrix(f"weights of {self.label!r}", values, self.shape, mm.WEIGHT_MAX)
        self._write_weights(checked)
        if self._session.time_s == 0:
            self._initial = checked

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """Labels of the synapses, uint8 of shape (pre, post); 63 where there is none."""
        return self._gather(lambda array: array.labels, NO_LABEL)

    @property
    def causal(self) -> npt.NDArray[np.float64]:
        """What the causal sensors hold, LSB of the CADC, float64 of shape (pre, post).

        The model's own values, without noise and offset of a reading; nothing is reset.
        """
        return self._gather(lambda array: array.causal_lsb, 0)

    @property
    def acausal(self) -> npt.NDArray[np.float64]:
        """What the acausal sensors hold; as `causal`."""
        return self._gather(lambda array: array.acausal_lsb, 0)

    def record(self, variable: str, *, every_s: float) -> None:
        """Record from now on.

        Parameters
        ----------
        variable : {"weights", "causal", "acausal"}
            The attribute to record.
        every_s : float
            Time between two values.

        Raises
        ------
        InputError
            If there is no such variable, or the time is not positive.
        """
        if variable not in _RECORDABLE:
            raise InputError(
                f"{self.label!r} cannot record {variable!r}, but {', '.join(_RECORDABLE)}"
            )
        if variable in self._samples:
            raise InputError(f"{variable!r} of {self.label!r} is recorded already")
        samples = Samples(
            lambda: getattr(self, variable),
            variable,
            "LSB",
            {"pre": np.arange(self.pre.size), "post": np.arange(self.post.size)},
        )
        self._session.sample(samples, every_s, f"{variable} of {self.label}")
        self._samples[variable] = samples

    def get_data(self, variable: str) -> xarray.DataArray:
        """Return what was recorded, dimensions time, pre, post.

        Raises
        ------
        ExperimentError
            If it is not recorded.
        """
        if variable not in self._samples:
            raise ExperimentError(
                f"{variable!r} of {self.label!r} is not recorded: call record() before run()"
            )
        return self._samples[variable].to_array()

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of the variables that are recorded."""
        return tuple(self._samples)

    def restart(self) -> None:
        """Forget recordings, and write labels and first weights to a fresh chip."""
        for samples in self._samples.values():
            samples.clear()
        self.apply()

    def apply(self) -> None:
        """Write labels and first weights to the chip."""
        for plan in self.plans:
            array = self._session.chip.synram[plan.hemisphere]
            chosen = self._chosen(plan)
            labels = array.labels.copy()
            here = np.broadcast_to(plan.labels[:, None], chosen.shape)
            block = np.ix_(plan.rows, plan.columns)
            labels[block] = np.where(chosen, here, labels[block])
            array.labels = labels
        self._write_weights(self._initial)

    def _chosen(self, plan: RowPlan) -> npt.NDArray[np.bool_]:
        return self.connected[np.ix_(plan.pre, plan.post)]

    def _write_weights(self, values: npt.NDArray[np.uint8]) -> None:
        for plan in self.plans:
            array = self._session.chip.synram[plan.hemisphere]
            weights = array.weights.copy()
            block = np.ix_(plan.rows, plan.columns)
            here = values[np.ix_(plan.pre, plan.post)]
            weights[block] = np.where(self._chosen(plan), here, weights[block])
            array.weights = weights

    def _gather(
        self, of: Callable[[SynapseArray], npt.NDArray[Any]], nothing: int
    ) -> npt.NDArray[Any]:
        """Values of the synapses in logical order, `nothing` where there is none."""
        result: npt.NDArray[Any] | None = None
        for plan in self.plans:
            source = of(self._session.chip.synram[plan.hemisphere])
            if result is None:
                result = np.full(self.shape, nothing, source.dtype)
            result[np.ix_(plan.pre, plan.post)] = source[np.ix_(plan.rows, plan.columns)]
        if result is None:
            return np.full(self.shape, nothing, np.uint8)
        result[~self.connected] = nothing
        return result
