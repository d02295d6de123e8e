# SPDX-License-Identifier: BSD-3-Clause
"""Populations of neurons of the chip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import NeuronParameters
from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERES

from .placement import NEURONS
from .population import Population
from .recording import Samples

if TYPE_CHECKING:
    import xarray

    from .session import Session

_NAMES = tuple(field.name for field in fields(NeuronParameters))
_INDEX = re.compile(r"\b(\w+)\[(\d+)\]")


class NeuronPopulation(Population):
    """Neurons of the chip.

    Attributes
    ----------
    neurons : ndarray of int64, shape (size,)
        Where they are: ``hemisphere * 256 + column``.
    """

    def __init__(
        self,
        session: Session,
        label: str,
        parameters: NeuronParameters | Mapping[str, Any] | None,
        defaults: NeuronParameters,
        neurons: npt.NDArray[np.int64],
    ) -> None:
        super().__init__(session, label, neurons.size)
        self.neurons = neurons
        self._samples: dict[str, Samples] = {}
        base = _common_values(defaults, self.size, "defaults of neurons")
        if isinstance(parameters, NeuronParameters):
            given: Mapping[str, Any] = _common_values(parameters, self.size, label)
        else:
            given = parameters or {}
        self._values = self._checked(base, given)
        self.apply()

    def columns(self, hemisphere: int) -> npt.NDArray[np.int64]:
        """Return the columns on a hemisphere, in the order of the neurons."""
        return self.neurons[self.indices_on(hemisphere)] % mm.NUM_COLUMNS

    def indices_on(self, hemisphere: int) -> npt.NDArray[np.int64]:
        """Return the indices of the neurons on a hemisphere."""
        return np.flatnonzero(self.neurons // mm.NUM_COLUMNS == hemisphere)

    def set(self, **values: Any) -> None:
        """Change parameters from now on: those of `nuxkit.NeuronParameters`.

        Parameters
        ----------
        **values : float, bool or array_like
            One for all neurons, or of shape (size,).

        Raises
        ------
        InputError
            If there is no such parameter, or a value has a wrong shape, type or range; nothing
            has changed then.
        """
        self._values = self._checked(self._values, values)
        self.apply()

    def get(self, name: str) -> npt.NDArray[Any]:
        """Return a parameter of all neurons, shape (size,)."""
        self._known(name)
        return self._values[name].copy()

    @property
    def membrane_lsb(self) -> npt.NDArray[np.float64]:
        """Present membrane potentials, LSB of the CADC, float64 of shape (size,)."""
        both = np.concatenate([each.membrane() for each in self._session.chip.neurons])
        membrane: npt.NDArray[np.float64] = both[self.neurons]
        return membrane

    def record(self, variable: str, *, every_s: float | None = None) -> None:
        """Record from now on.

        Parameters
        ----------
        variable : {"spikes", "v"}
            Spikes, or membrane potentials in LSB of the CADC.
        every_s : float
            For potentials: time between two values.

        Raises
        ------
        InputError
            If there is no such variable or the time is not positive.
        """
        if variable == "spikes":
            super().record(variable, every_s=every_s)
            return
        if variable != "v":
            raise InputError(f"{self.label!r} cannot record {variable!r}, but 'spikes' and 'v'")
        if variable in self._samples:
            raise InputError(f"{variable!r} of {self.label!r} is recorded already")
        samples = Samples(lambda: self.membrane_lsb, "v", "LSB", {"neuron": np.arange(self.size)})
        self._session.sample(samples, every_s, f"{variable} of {self.label}")
        self._samples[variable] = samples

    def get_data(self, variable: str) -> xarray.DataArray:
        """Return what was recorded.

        Parameters
        ----------
        variable : {"spikes", "v"}
            For spikes: their times, with coordinate ``neuron``; for ``"v"``: dimensions time,
            neuron.

        Raises
        ------
        ExperimentError
            If it is not recorded.
        """
        if variable in self._samples:
            return self._samples[variable].to_array()
        return super().get_data(variable)

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of the variables that are recorded."""
        return (*super().recorded, *self._samples)

    @property
    def settings(self) -> dict[str, npt.NDArray[Any]]:
        """What `set` changes; to be put back with `put`."""
        return self._values

    def put(self, settings: dict[str, npt.NDArray[Any]]) -> None:
        """Put back earlier `settings`."""
        self._values = settings
        self.apply()

    def restart(self) -> None:
        """Forget recordings and set the parameters of a fresh chip."""
        self._forget()
        for samples in self._samples.values():
            samples.clear()
        self.apply()

    def log(self, times_s: npt.NDArray[np.float64], neurons: npt.NDArray[np.uint16]) -> None:
        """Record those of the chip's spikes that are of this population, if wanted."""
        if self._log is not None:
            index_of = np.full(NEURONS, -1)
            index_of[self.neurons] = np.arange(self.size)
            indices = index_of[neurons]
            self._log.add(times_s[indices >= 0], indices[indices >= 0])

    def apply(self) -> None:
        """Write the parameters to the chip."""
        for hemisphere, parameters in self._on_chip(self._values).items():
            self._session.chip.neurons[hemisphere].parameters = parameters

    def _known(self, name: str) -> None:
        if name not in _NAMES:
            raise InputError(
                f"neurons of {self.label!r} have no parameter {name!r}, but {', '.join(_NAMES)}"
            )

    def _checked(
        self, old: Mapping[str, npt.NDArray[Any]], given: Mapping[str, Any]
    ) -> dict[str, npt.NDArray[Any]]:
        values = dict(old)
        for name, value in given.items():
            self._known(name)
            array = np.asarray(value)
            if array.shape not in ((), (self.size,)):
                raise InputError(
                    f"{name} of {self.label!r} has shape {array.shape}, but must be a number or "
                    f"have shape ({self.size},)"
                )
            values[name] = np.broadcast_to(array, (self.size,)).copy()
        self._on_chip(values)
        return values

    def _on_chip(self, values: Mapping[str, npt.NDArray[Any]]) -> dict[int, NeuronParameters]:
        """Parameters of the hemispheres that hold neurons of this population."""
        found = {}
        for hemisphere in HEMISPHERES:
            chosen = self.indices_on(hemisphere)
            if chosen.size:
                before = self._session.chip.neurons[hemisphere].parameters
                columns = self.columns(hemisphere)
                try:
                    found[hemisphere] = before.changed(
                        columns, **{name: value[chosen] for name, value in values.items()}
                    )
                except (TypeError, ValueError) as error:
                    text = self._in_our_order(str(error), chosen, columns)
                    raise InputError(f"neurons of {self.label!r}: {text}") from error
        return found

    def _in_our_order(
        self, text: str, chosen: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
    ) -> str:
        """Replace columns in the chip's message by indices of this population."""
        index_of = dict(zip(columns.tolist(), chosen.tolist(), strict=True))
        return _INDEX.sub(lambda m: f"{m[1]}[{index_of.get(int(m[2]), m[2])}]", text)


def _common_values(
    parameters: NeuronParameters, size: int, who: str
) -> dict[str, npt.NDArray[Any]]:
    """Values for `size` neurons: one for all of them, or 256 for 256."""
    values = {}
    for name in _NAMES:
        array = getattr(parameters, name)
        if size != array.size and (array != array[0]).any():
            raise InputError(
                f"{name} of {who!r} differs from neuron to neuron; NeuronParameters can hold that "
                f"for {array.size} neurons, but these are {size}: give a dict of arrays of shape "
                f"({size},)"
            )
        values[name] = array.copy() if size == array.size else np.full(size, array[0])
    return values
