# SPDX-License-Identifier: BSD-3-Clause
"""Populations: neurons of the chip, and sources of spikes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import NeuronParameters
from nuxemu import memory_map as mm
from nuxkit.errors import ExperimentError, InputError

from . import checks
from .placement import HEMISPHERES
from .recording import Samples, SpikeLog
from .sources import Source, changed
from .trains import SpikeTimes, Train, make_train

if TYPE_CHECKING:
    import xarray

    from .experiment import Experiment

_NAMES = tuple(field.name for field in fields(NeuronParameters))
_INDEX = re.compile(r"\b(\w+)\[(\d+)\]")


class Population:
    """Neurons or sources, numbered from 0; made by `Experiment.population`.

    Attributes
    ----------
    label : str
        Its name.
    size : int
        Number of neurons.
    """

    def __init__(self, experiment: Experiment, label: str, size: int) -> None:
        self._experiment = experiment
        self.label, self.size = label, size
        self._log: SpikeLog | None = None

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label!r} of {self.size}>"

    def record(self, variable: str, *, every_s: float | None = None) -> None:
        """Record from now on; here: ``"spikes"``."""
        if variable != "spikes":
            raise InputError(f"{self.label!r} cannot record {variable!r}, but 'spikes'")
        if every_s is not None:
            raise InputError(f"every_s is {every_s!r}, but spikes are recorded when they happen")
        self._experiment.collect_spikes()
        if self._log is None:
            self._log = SpikeLog()
        self._experiment.record_spikes()

    def spikes(self, start_s: float = 0.0, stop_s: float = math.inf) -> SpikeTimes:
        """Return recorded spikes from `start_s` on, before `stop_s`.

        Returns
        -------
        times_s : ndarray of float64, shape (n,)
            Hardware time in seconds, ascending.
        indices : ndarray of int64, shape (n,)
            Neurons of this population.

        Raises
        ------
        ExperimentError
            If spikes are not recorded.
        """
        self._experiment.collect_spikes()
        if self._log is None:
            raise ExperimentError(
                f"spikes of {self.label!r} are not recorded: call record('spikes') before run()"
            )
        return self._log.between(
            checks.number("start_s", start_s, 0.0, math.inf),
            checks.number("stop_s", stop_s, 0.0, math.inf),
        )

    def spike_counts(self, start_s: float = 0.0, stop_s: float = math.inf) -> npt.NDArray[np.int64]:
        """Return the number of recorded spikes of each neuron, int64 of shape (size,)."""
        return np.bincount(self.spikes(start_s, stop_s).indices, minlength=self.size)

    def get_data(self, variable: str) -> xarray.DataArray:
        """Return what was recorded of ``"spikes"``: times, with coordinate ``neuron``.

        Raises
        ------
        ExperimentError
            If it is not recorded.
        """
        if variable != "spikes":
            raise ExperimentError(f"{variable!r} of {self.label!r} is not recorded")
        import xarray

        times, indices = self.spikes()
        return xarray.DataArray(
            times,
            dims="spike",
            coords={"neuron": ("spike", indices)},
            name="spikes",
            attrs={"units": "s", "long_name": "hardware time of spikes"},
        )

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of the variables that are recorded."""
        return ("spikes",) if self._log is not None else ()

    def _forget(self) -> None:
        """Begin a new recording."""
        if self._log is not None:
            self._log = SpikeLog()


@dataclass(frozen=True)
class Target:
    """Rows of one hemisphere that sources reach after a delay.

    Attributes
    ----------
    hemisphere : int
        0 (top) or 1 (bottom).
    rows, labels : ndarray of int64, shape (size,)
        Row and label for each source; row -1: none.
    delay_s : float
        From the spike to the row.
    """

    hemisphere: int
    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    delay_s: float


class SourcePopulation(Population):
    """Sources of spikes."""

    def __init__(
        self, experiment: Experiment, label: str, size: int, source: Source, seed: tuple[int, ...]
    ) -> None:
        super().__init__(experiment, label, size)
        self._seed, self._changes = seed, 0
        self.source = source
        self._train = self._make_train(source, 0)
        self._targets: list[Target] = []

    def set(self, **values: Any) -> None:
        """Change parameters of the source from now on: see its class.

        Spikes that were sent but are still under way arrive. Times of a `SpikeSourceArray` replace
        all earlier ones.

        Raises
        ------
        InputError
            If a parameter is unknown or wrong, or a spike time is in the past; nothing has
            changed then.
        """
        with checks.input_errors(f"set() of {self.label!r}"):
            source = changed(self.source, values)
            train = self._make_train(source, self._changes + 1)
            now_s = self._experiment.time_s
            if "spike_times_s" in values:
                early = train.spikes(0.0, now_s).times_s
                if early.size:
                    raise InputError(
                        f"set() of {self.label!r}: spike_times_s has {early[0]:g} s, before the "
                        f"present time of {now_s:g} s"
                    )
        self.source, self._train = source, train
        self._changes += 1

    def get(self, name: str) -> Any:
        """Return a parameter of the source."""
        changed(self.source, {name: None})
        return getattr(self.source, name)

    def _make_train(self, source: Source, change: int) -> Train:
        seed = (*self._experiment.source_seed, *self._seed, change)
        with checks.input_errors(f"source of {self.label!r}"):
            return make_train(source, self.size, self._experiment.time_s, seed)

    @property
    def settings(self) -> Source:
        """What `set` changes; to be put back with `put`."""
        return self.source

    def put(self, settings: Source) -> None:
        """Put back earlier `settings`."""
        self.source = settings
        self._train = self._make_train(settings, self._changes)

    def restart(self) -> None:
        """Send the spikes of an experiment that begins anew."""
        self._changes = 0
        self._train = self._make_train(self.source, 0)
        self._forget()

    def add_target(self, target: Target) -> None:
        """Send spikes to rows, too."""
        self._targets.append(target)

    @property
    def event_rate_hz(self) -> float:
        """Events per second that go to rows, as far as it is known beforehand."""
        return self._train.rate_hz * max(len(self._targets), 1)

    def send(self, begin_s: float, end_s: float) -> None:
        """Give the chip the spikes from `begin_s` on, before `end_s`."""
        times, indices = self._train.spikes(begin_s, end_s)
        if not times.size:
            return
        if self._log is not None:
            self._log.add(times, indices)
        network = self._experiment.chip.network
        for target in self._targets:
            rows = target.rows[indices]
            reached = rows >= 0
            network.add_spikes(
                times[reached] + target.delay_s,
                rows[reached],
                target.labels[indices[reached]],
                target.hemisphere,
            )


class NeuronPopulation(Population):
    """Neurons of the chip.

    Attributes
    ----------
    neurons : ndarray of int64, shape (size,)
        Where they are: ``hemisphere * 256 + column``.
    """

    def __init__(
        self,
        experiment: Experiment,
        label: str,
        parameters: NeuronParameters | Mapping[str, Any] | None,
        defaults: NeuronParameters,
        neurons: npt.NDArray[np.int64],
    ) -> None:
        super().__init__(experiment, label, neurons.size)
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
        """Columns on a hemisphere, in the order of the neurons."""
        return self.neurons[self.neurons // mm.NUM_COLUMNS == hemisphere] % mm.NUM_COLUMNS

    def indices_on(self, hemisphere: int) -> npt.NDArray[np.int64]:
        """Indices of the neurons on a hemisphere."""
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
        both = np.concatenate([each.membrane() for each in self._experiment.chip.neurons])
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
        samples = Samples(
            lambda: self.membrane_lsb, "v", "LSB", ("neuron",), {"neuron": np.arange(self.size)}
        )
        self._experiment.sample(samples, every_s, f"{variable} of {self.label}")
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
            index_of = np.full(HEMISPHERES * mm.NUM_COLUMNS, -1)
            index_of[self.neurons] = np.arange(self.size)
            indices = index_of[neurons]
            self._log.add(times_s[indices >= 0], indices[indices >= 0])

    def apply(self) -> None:
        """Write the parameters to the chip."""
        for hemisphere, parameters in self._on_chip(self._values).items():
            self._experiment.chip.neurons[hemisphere].parameters = parameters

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
        for hemisphere in range(HEMISPHERES):
            chosen = self.indices_on(hemisphere)
            if chosen.size:
                before = self._experiment.chip.neurons[hemisphere].parameters
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
