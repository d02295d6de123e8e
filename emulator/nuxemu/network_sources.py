# SPDX-License-Identifier: BSD-3-Clause
"""Sources of events: Poisson and regular ones, and the chip's background sources."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from nuxemu import network_input as check
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError

_POISSON = int(lib.NUX_NETWORK_POISSON)
_SEED_MAX = 2**64 - 1


def _stop(value: object, start_s: float) -> float:
    stop_s = check.number("stop_s", value, 0.0, math.inf)
    if stop_s < start_s:
        raise ArrayValueError(f"stop_s is {stop_s:g}, before start_s, which is {start_s:g}")
    return stop_s


def poisson(rate_hz: object, start_s: object, stop_s: object, seed: object) -> Any:
    """Check the parameters of a Poisson source; returns a nux_network_source."""
    source = ffi.new("nux_network_source *")
    source.kind = _POISSON
    source.rate_hz = check.number("rate_hz", rate_hz, 0.0, 1 / check.TICK_S)
    source.start_s = check.number("start_s", start_s, 0.0, check.LAST_S)
    source.stop_s = _stop(stop_s, source.start_s)
    source.seed = check.integer("seed", seed, _SEED_MAX)
    return source


def regular(period_s: object, start_s: object, stop_s: object) -> Any:
    """Check the parameters of a regular source; returns a nux_network_source."""
    source = ffi.new("nux_network_source *")
    source.kind = lib.NUX_NETWORK_REGULAR
    source.period_s = check.number("period_s", period_s, check.TICK_S, check.LAST_S)
    source.start_s = check.number("start_s", start_s, 0.0, check.LAST_S)
    source.stop_s = _stop(stop_s, source.start_s)
    return source


class Source:
    """A source of a network: made by `Network.add_poisson` and `Network.add_regular`.

    Attributes
    ----------
    id : int
        Its number; no other source of the network ever has the same.
    """

    def __init__(self, network: Any, identity: int) -> None:
        self._network = network
        self.id = identity

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters as given when it was added or last changed.

        Raises
        ------
        ArrayValueError
            If the source has been removed.
        """
        source = ffi.new("nux_network_source *")
        self._accepted(lib.nux_network_get_source(self._network, self.id, source))
        span = {"start_s": source.start_s, "stop_s": source.stop_s}
        if source.kind == _POISSON:
            return {"rate_hz": source.rate_hz, **span, "seed": source.seed}
        return {"period_s": source.period_s, **span}

    def change(self, **changes: float) -> None:
        """Change parameters from now on.

        A Poisson source draws its next interval anew, from now or from `start_s`; a regular one
        has events at ``start_s + k * period_s``, only those after the current time.

        Parameters
        ----------
        **changes : float
            As for `Network.add_poisson` or `Network.add_regular`; the others stay.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a parameter is unknown, of the wrong type or out of range, or if the source has been
            removed.
        """
        parameters = self.parameters
        for name in changes:
            if name not in parameters:
                known = ", ".join(parameters)
                raise ArrayTypeError(f"source {self.id} has no parameter {name}, but {known}")
        kind = poisson if "rate_hz" in parameters else regular
        source = kind(**(parameters | changes))
        self._accepted(lib.nux_network_set_source(self._network, self.id, source))

    def remove(self) -> None:
        """Take the source out of the network.

        Raises
        ------
        ArrayValueError
            If it has been removed before.
        """
        self._accepted(lib.nux_network_remove_source(self._network, self.id))

    def _accepted(self, status: int) -> None:
        if status == lib.NUX_NETWORK_UNKNOWN:
            raise ArrayValueError(f"source {self.id} is not in the network")
        if status < 0:
            raise RuntimeError(f"the native network refused a checked source, status {status}")


@dataclass(frozen=True)
class BackgroundSource:
    """Configuration of one background source of the chip (haldls ``background.h``).

    Parameters
    ----------
    enable : bool
        False: no events. To enable it loads the seed; the first period begins then.
    random : bool
        False: an event every period. True: every period an event with probability ``rate / 255``,
        with random label bits.
    period : int
        In ticks of 8 ns, 0 to 65535; 0 counts as 1.
    rate : int
        0 (never) to 255 (always).
    seed : int
        Of the random numbers, 0 to 2**32 - 1.
    mask : int
        Bits of the label that are random in random mode, 0 to 255.
    label : int
        14 bits: the event's label (bits 0 to 5), its row select address (6 to 10), and three bits
        that the model does not use.

    Raises
    ------
    ArrayTypeError, ArrayValueError
        If a value has the wrong type or is out of range.
    """

    enable: bool = False
    random: bool = False
    period: int = 0
    rate: int = 0
    seed: int = 0
    mask: int = 0
    label: int = 0

    def __post_init__(self) -> None:
        check.boolean("enable", self.enable)
        check.boolean("random", self.random)
        check.integer("period", self.period, 0xFFFF)
        check.integer("rate", self.rate, 0xFF)
        check.integer("seed", self.seed, 0xFFFFFFFF)
        check.integer("mask", self.mask, 0xFF)
        check.integer("label", self.label, 0x3FFF)

    def changed(self, **changes: Any) -> BackgroundSource:
        """Copy with some values replaced."""
        return replace(self, **changes)


class BackgroundSources:
    """The eight background sources: source s fires on bus ``s % 4`` of hemisphere ``s // 4``.

    To set one acts at the network's current time.
    """

    def __init__(self, network: Any) -> None:
        self._network = network

    def __len__(self) -> int:
        return int(lib.NUX_NETWORK_BACKGROUNDS)

    def __iter__(self) -> Iterator[BackgroundSource]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> BackgroundSource:
        native = ffi.new("nux_network_background *")
        lib.nux_network_get_background(self._network, self._checked(index), native)
        values = {
            field.name: int(getattr(native, field.name)) for field in fields(BackgroundSource)
        }
        enable, random = bool(values.pop("enable")), bool(values.pop("random"))
        return BackgroundSource(enable, random, **values)

    def __setitem__(self, index: int, source: BackgroundSource) -> None:
        if not isinstance(source, BackgroundSource):
            raise ArrayTypeError(f"background[{index}] must be a BackgroundSource, not {source!r}")
        native = ffi.new("nux_network_background *")
        for field in fields(source):
            setattr(native, field.name, int(getattr(source, field.name)))
        status = lib.nux_network_set_background(self._network, self._checked(index), native)
        if status < 0:
            raise RuntimeError(f"the native network refused a checked source, status {status}")

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"background source {index} is not one of 0 to {len(self) - 1}")
        return index
