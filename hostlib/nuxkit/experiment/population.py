# SPDX-License-Identifier: BSD-3-Clause
"""What populations of sources and of neurons have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nuxkit.errors import ExperimentError, InputError

from . import checks
from .recording import SpikeLog
from .trains import SpikeTimes

if TYPE_CHECKING:
    import xarray

    from .session import Session


class Population:
    """Neurons or sources, numbered from 0; made by `Experiment.population`.

    Attributes
    ----------
    label : str
        Its name.
    size : int
        Number of neurons.
    """

    def __init__(self, session: Session, label: str, size: int) -> None:
        self._session = session
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
        self._session.collect_spikes()
        if self._log is None:
            self._log = SpikeLog()
        self._session.record_spikes()

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
        self._session.collect_spikes()
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

    def restart(self) -> None:
        """Begin anew on a fresh chip."""
        self._forget()

    def _forget(self) -> None:
        """Begin a new recording."""
        if self._log is not None:
            self._log = SpikeLog()
