# SPDX-License-Identifier: BSD-3-Clause
"""Populations of spike sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError

from . import checks
from .population import Population
from .sources import Source, changed
from .trains import Train, make_train

if TYPE_CHECKING:
    from .session import Session


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
        self, session: Session, label: str, size: int, source: Source, seed: tuple[int, ...]
    ) -> None:
        super().__init__(session, label, size)
        self._seed = seed
        self.source = source
        self._train = self._make_train(source)
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
        with checks.input_errors(f"source of {self.label!r}"):
            source = changed(self.source, values)
        train = self._make_train(source)
        now_s = self._session.time_s
        if "spike_times_s" in values:
            early = train.spikes(0.0, now_s).times_s
            if early.size:
                raise InputError(
                    f"source of {self.label!r}: spike_times_s has {early[0]:g} s, before the "
                    f"present time of {now_s:g} s"
                )
        self.source, self._train = source, train

    def get(self, name: str) -> Any:
        """Return a parameter of the source."""
        changed(self.source, {name: None})
        return getattr(self.source, name)

    def _make_train(self, source: Source) -> Train:
        """Make the train from now on; random numbers depend on when that is."""
        seed = (*self._session.source_seed, *self._seed, self._session.chip.model.cycle)
        with checks.input_errors(f"source of {self.label!r}"):
            return make_train(source, self.size, self._session.time_s, seed)

    @property
    def settings(self) -> Source:
        """What `set` changes; to be put back with `put`."""
        return self.source

    def put(self, settings: Source) -> None:
        """Put back earlier `settings`."""
        self.source = settings
        self._train = self._make_train(settings)

    def restart(self) -> None:
        """Send the spikes of an experiment that begins anew."""
        self._train = self._make_train(self.source)
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
        network = self._session.chip.network
        for target in self._targets:
            rows = target.rows[indices]
            reached = rows >= 0
            network.add_spikes(
                times[reached] + target.delay_s,
                rows[reached],
                target.labels[indices[reached]],
                target.hemisphere,
            )
