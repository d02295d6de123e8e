# SPDX-License-Identifier: BSD-3-Clause
"""Events between sources, row drivers, synapse arrays and neurons."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nuxemu import array_input
from nuxemu import memory_map as mm
from nuxemu import network_input as check
from nuxemu import network_sources as sources
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.network_input import DRIVERS, HEMISPHERES, NEURONS, TARGET

if TYPE_CHECKING:
    from nuxemu.neurons import Neurons
    from nuxemu.synapse_array import SynapseArray

_DRIVER = np.dtype(
    [
        ("utilisation", np.float64),
        ("tau_rec_s", np.float64),
        ("tau_fac_s", np.float64),
        ("available", np.float64),
        ("used", np.float64),
        ("last_s", np.float64),
        ("enabled", np.uint8),
        ("plastic", np.uint8),
        ("compare", np.uint8),
        ("row_mode", np.uint8, 2),
        ("reserved", np.uint8, 3),
    ]
)
_RECORD = np.dtype(
    [("time_s", np.float64), ("line", np.uint16), ("label", np.uint16), ("reserved", np.uint32)]
)
_ROWS = (HEMISPHERES, mm.NUM_ROWS)
_PER_DRIVER = (HEMISPHERES, DRIVERS)

_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float64]


class RowMode(IntEnum):
    """To which synaptic inputs of the neurons a row of synapses is connected."""

    DISABLED = lib.NUX_NETWORK_ROW_DISABLED
    EXCITATORY = lib.NUX_NETWORK_ROW_EXCITATORY
    INHIBITORY = lib.NUX_NETWORK_ROW_INHIBITORY
    BOTH = lib.NUX_NETWORK_ROW_BOTH


class Spikes(NamedTuple):
    """Recorded spikes of neurons, in the order in which they happened.

    Attributes
    ----------
    times_s : numpy.ndarray
        float64 of shape (n,), hardware time in seconds.
    neurons : numpy.ndarray
        uint16 of shape (n,), 0 to 511: ``hemisphere * 256 + column``.
    """

    times_s: _Floats
    neurons: npt.NDArray[np.uint16]


class RowEvents(NamedTuple):
    """Recorded events on rows, in the order in which they happened.

    Attributes
    ----------
    times_s : numpy.ndarray
        float64 of shape (n,), hardware time in seconds.
    hemispheres, rows, labels : numpy.ndarray
        uint16 of shape (n,).
    """

    times_s: _Floats
    hemispheres: npt.NDArray[np.uint16]
    rows: npt.NDArray[np.uint16]
    labels: npt.NDArray[np.uint16]


class Counters(NamedTuple):
    """Spike counters of all neurons.

    Attributes
    ----------
    counts : numpy.ndarray
        Spikes since the last reset, modulo 256, uint8 of shape (512,).
    overflows : numpy.ndarray
        Whether there were more than 255, bool of shape (512,).
    """

    counts: _Bytes
    overflows: npt.NDArray[np.bool_]


class Connections(NamedTuple):
    """Routing: a spike of a neuron becomes an event on a row, after a delay.

    Attributes
    ----------
    neurons, rows, labels, hemispheres : numpy.ndarray
        uint16 of shape (n,), sorted by neuron.
    delays_s : numpy.ndarray
        float64 of shape (n,).
    """

    neurons: npt.NDArray[np.uint16]
    rows: npt.NDArray[np.uint16]
    labels: npt.NDArray[np.uint16]
    hemispheres: npt.NDArray[np.uint16]
    delays_s: _Floats


class Statistics(NamedTuple):
    """What has happened in a network so far.

    Attributes
    ----------
    row_events : int
        Events that reached the synapses of a row.
    spikes : int
        Spikes of neurons.
    routed : int
        Events that routing sent.
    dropped : int
        Events that routing could not carry: see ``docs/event_model.md`` for the limits.
    unrecorded : int
        Spikes and events for whose record there was no memory.
    """

    row_events: int
    spikes: int
    routed: int
    dropped: int
    unrecorded: int


class Network:
    """All events of the chip: input, sources, row drivers, routing, and spikes out.

    Neurons are numbered ``hemisphere * 256 + column``. Times are hardware time in seconds. Fresh:
    all drivers receive, all rows are excitatory, no short-term plasticity, no routing, no sources,
    spikes are recorded.

    Parameters
    ----------
    arrays : tuple of SynapseArray
        Synapses of hemispheres 0 (top) and 1 (bottom).
    neurons : tuple of Neurons
        Their neurons.

    Raises
    ------
    ArrayTypeError
        If they are not two and two.

    Notes
    -----
    See ``docs/event_model.md``.
    """

    def __init__(
        self, arrays: tuple[SynapseArray, SynapseArray], neurons: tuple[Neurons, Neurons]
    ) -> None:
        if len(arrays) != HEMISPHERES or len(neurons) != HEMISPHERES:
            raise ArrayTypeError("a network needs two synapse arrays and two sets of neurons")
        self._units = (*arrays, *neurons)  # must outlive the native network
        native = lib.nux_network_new(
            [array._native for array in arrays], [each._native for each in neurons]
        )
        self._native = ffi.gc(native, lib.nux_network_free)
        if self._native == ffi.NULL:
            raise MemoryError("no memory for a network")
        memory = ffi.buffer(
            lib.nux_network_drivers(self._native), HEMISPHERES * DRIVERS * _DRIVER.itemsize
        )
        self._drivers = np.frombuffer(memory, _DRIVER).reshape(_PER_DRIVER)
        self._background = sources.BackgroundSources(self._native)

    # --- time ---------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """Time reached."""
        return float(lib.nux_network_now(self._native))

    def advance(self, until_s: float) -> None:
        """Bring sensors and neurons up to a time, with all events up to and including it.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If `until_s` is not a number, not finite or before `now_s`.
        """
        lib.nux_network_advance(self._native, check.until(until_s, self.now_s))

    @property
    def statistics(self) -> Statistics:
        """What has happened so far."""
        counts = lib.nux_network_statistics(self._native)
        return Statistics(*(int(getattr(counts, name)) for name in Statistics._fields))

    # --- input --------------------------------------------------------------------------

    def add_spikes(
        self,
        times_s: npt.ArrayLike,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike = 0,
        hemispheres: npt.ArrayLike = 0,
    ) -> None:
        """Add events on rows; they merge with those added before.

        Parameters
        ----------
        times_s : array_like
            Of shape (n,), in any order; at equal times they keep their order.
        rows, labels, hemispheres : array_like
            0 to 255, 0 to 63, and 0 or 1: one for all, or of shape (n,).

        Raises
        ------
        ArrayTypeError
            If rows, labels or hemispheres are not integers or times not numbers.
        ArrayValueError
            If a value is out of its range, a time before `now_s`, or a length wrong: names it, its
            index and the limit. Nothing has been added then.
        """
        times, found = self.check_spikes(times_s, rows, labels, hemispheres)
        status = lib.nux_network_push_rows(
            self._native,
            times.size,
            check.elements("double", times),
            check.elements("uint8_t", found["hemisphere"]),
            check.elements("uint16_t", found["row"]),
            check.elements("uint8_t", found["label"]),
        )
        _accepted(status, f"{times.size} spikes")

    def check_spikes(
        self,
        times_s: npt.ArrayLike,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike = 0,
        hemispheres: npt.ArrayLike = 0,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
        """Raise what `add_spikes` would raise for these spikes, and add nothing.

        Returns
        -------
        times : ndarray of float64, shape (n,)
        targets : structured ndarray, shape (n,)
            With fields ``row``, ``hemisphere`` and ``label``.
        """
        times = check.times("times_s", times_s, self.now_s)
        return times, check.targets(rows, labels, hemispheres, times.size)

    @property
    def pending_spikes(self) -> int:
        """Number of added spikes that are still to come."""
        return int(lib.nux_network_pending(self._native))

    def inject(
        self, time_s: float, bus_mask: int, row_select: int, label: int, hemisphere: int = 0
    ) -> None:
        """Send an event to the row drivers, as a write to the chip's injection register does.

        Parameters
        ----------
        time_s : float
            Not before `now_s`.
        bus_mask : int
            Buses that carry it, 4 bits: driver ``d`` listens to bus ``d % 4``.
        row_select : int
            5 bits, compared with the number ``d // 4`` of the driver on its bus.
        label : int
            Label of the event, 0 to 63.
        hemisphere : int
            0 or 1.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has the wrong type or is out of range.
        RuntimeError
            If too many events are under way to the hemisphere (524288).
        """
        check.times("time_s", check.number("time_s", time_s, 0.0, check.LAST_S), self.now_s)
        status = lib.nux_network_inject(
            self._native,
            check.integer("hemisphere", hemisphere, HEMISPHERES - 1),
            time_s,
            check.integer("bus_mask", bus_mask, 0xF),
            check.integer("row_select", row_select, 0x1F),
            check.integer("label", label, mm.LABEL_MAX),
        )
        _accepted(status, "one more event under way")

    @property
    def in_flight(self) -> int:
        """Number of routed and injected events that have not arrived yet."""
        return int(lib.nux_network_in_flight(self._native))

    # --- sources ------------------------------------------------------------------------

    def add_poisson(
        self,
        rate_hz: float,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike = 0,
        hemispheres: npt.ArrayLike = 0,
        *,
        seed: int,
        start_s: float = 0.0,
        stop_s: float = math.inf,
    ) -> sources.Source:
        """Add a Poisson source; each of its events goes to all its targets.

        Parameters
        ----------
        rate_hz : float
            Mean rate in hardware time, 0 to 125 MHz.
        rows, labels, hemispheres : array_like
            Targets: 0 to 255, 0 to 63, and 0 or 1; one for all, or of shape (n,).
        seed : int
            0 to 2**64 - 1. Sources of the same seed and rate have the same events.
        start_s, stop_s : float
            Events from `start_s` on, before `stop_s`.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has the wrong type or is out of range.
        """
        source = sources.poisson(rate_hz, start_s, stop_s, seed)
        return self._add_source(source, check.targets(rows, labels, hemispheres, None))

    def add_regular(
        self,
        period_s: float,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike = 0,
        hemispheres: npt.ArrayLike = 0,
        *,
        start_s: float = 0.0,
        stop_s: float = math.inf,
    ) -> sources.Source:
        """Add a source with events at ``start_s + k * period_s``, k = 0, 1, ...

        Parameters
        ----------
        period_s : float
            In hardware time, at least 8 ns.
        rows, labels, hemispheres, start_s, stop_s
            As for `add_poisson`; what is before `now_s` is left out.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has the wrong type or is out of range.
        """
        source = sources.regular(period_s, start_s, stop_s)
        return self._add_source(source, check.targets(rows, labels, hemispheres, None))

    def _add_source(self, source: Any, targets: npt.NDArray[Any]) -> sources.Source:
        if targets.size == 0:
            raise ArrayValueError("a source needs at least one target, but rows is empty")
        identity = lib.nux_network_add_source(
            self._native, source, targets.size, check.elements("nux_network_target", targets)
        )
        _accepted(identity, "one more source")
        return sources.Source(self._native, int(identity))

    @property
    def background(self) -> sources.BackgroundSources:
        """The chip's eight background sources, to read and to set by index."""
        return self._background

    # --- row drivers --------------------------------------------------------------------

    @property
    def row_modes(self) -> _Bytes:
        """`RowMode` of each row, uint8 of shape (2, 256), a copy; assign whole arrays to it."""
        modes: _Bytes = self._drivers["row_mode"].reshape(_ROWS)
        return modes.copy()

    @row_modes.setter
    def row_modes(self, values: npt.ArrayLike) -> None:
        modes = array_input.integers("row_modes", values, _ROWS, max(RowMode))
        self._drivers["row_mode"] = modes.reshape(*_PER_DRIVER, 2)

    @property
    def driver_enabled(self) -> npt.NDArray[np.bool_]:
        """Which drivers receive events, bool of shape (2, 128), a copy; assign whole arrays.

        Driver ``d`` drives rows ``2 * d`` and ``2 * d + 1``.
        """
        return self._drivers["enabled"].astype(np.bool_)

    @driver_enabled.setter
    def driver_enabled(self, values: npt.ArrayLike) -> None:
        enabled = np.asarray(values)
        if enabled.dtype != np.bool_:
            raise ArrayTypeError(f"driver_enabled has dtype {enabled.dtype}, but must be bool")
        self._drivers["enabled"] = array_input.integers(
            "driver_enabled", enabled.astype(np.uint8), _PER_DRIVER, 1
        )

    @property
    def compare_masks(self) -> _Bytes:
        """Bits of the row select address that a driver compares, uint8 of shape (2, 128), 0 to 31.

        A copy; assign whole arrays to it. 31 (all bits) at first.
        """
        masks: _Bytes = self._drivers["compare"].copy()
        return masks

    @compare_masks.setter
    def compare_masks(self, values: npt.ArrayLike) -> None:
        self._drivers["compare"] = array_input.integers("compare_masks", values, _PER_DRIVER, 0x1F)

    def set_short_term_plasticity(
        self,
        drivers: npt.ArrayLike,
        *,
        utilisation: npt.ArrayLike,
        tau_rec_s: npt.ArrayLike,
        tau_fac_s: npt.ArrayLike = 0.0,
        hemisphere: int = 0,
    ) -> None:
        """Switch short-term plasticity of drivers on, from rest.

        Parameters
        ----------
        drivers : array_like
            0 to 127, of shape (n,) or one.
        utilisation : array_like
            Share U of the resources that an event from rest uses, above 0, at most 1.
        tau_rec_s, tau_fac_s : array_like
            Time constants of recovery and facilitation in seconds; 0 switches either off. One for
            all or of shape (n,), as `utilisation`.
        hemisphere : int
            0 or 1.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has the wrong type or is out of range.
        """
        chosen = check.integers("drivers", drivers, None, DRIVERS - 1)
        side = self._drivers[check.integer("hemisphere", hemisphere, HEMISPHERES - 1)]
        smallest = float(np.finfo(np.float64).tiny)
        values = {
            "utilisation": check.reals("utilisation", utilisation, chosen.size, smallest, 1.0),
            "tau_rec_s": check.reals("tau_rec_s", tau_rec_s, chosen.size, 0.0, check.LAST_S),
            "tau_fac_s": check.reals("tau_fac_s", tau_fac_s, chosen.size, 0.0, check.LAST_S),
            "available": 1.0,
            "used": 0.0,
            "last_s": 0.0,
            "plastic": 1,
        }
        for name, value in values.items():
            side[name][chosen] = value

    def clear_short_term_plasticity(self, drivers: npt.ArrayLike, hemisphere: int = 0) -> None:
        """Switch short-term plasticity of drivers off: every event has amplitude 1 again.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a driver or the hemisphere has the wrong type or is out of range.
        """
        chosen = check.integers("drivers", drivers, None, DRIVERS - 1)
        side = self._drivers[check.integer("hemisphere", hemisphere, HEMISPHERES - 1)]
        side["plastic"][chosen] = 0

    # --- routing ------------------------------------------------------------------------

    def set_routing(
        self,
        neurons: npt.ArrayLike,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike,
        delays_s: npt.ArrayLike,
        hemispheres: npt.ArrayLike = 0,
    ) -> None:
        """Replace all connections from neurons to rows; events under way still arrive.

        Parameters
        ----------
        neurons : array_like
            0 to 511, of shape (n,), in any order; a neuron may have any number of connections.
        rows, labels, hemispheres : array_like
            Targets: 0 to 255, 0 to 63, and 0 or 1; one for all, or of shape (n,).
        delays_s : array_like
            At least 8 ns (one tick of the event buses); one for all, or of shape (n,).

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has the wrong type or is out of range, or a length is wrong.
        """
        senders = array_input.integers("neurons", np.atleast_1d(neurons), (None,), NEURONS - 1)
        targets = check.targets(rows, labels, hemispheres, senders.size)
        delays = check.reals("delays_s", delays_s, senders.size, check.TICK_S, check.LAST_S)
        order = np.argsort(senders, kind="stable")
        first = np.zeros(NEURONS + 1, np.uint32)
        first[1:] = np.cumsum(np.bincount(senders.astype(np.int64), minlength=NEURONS))
        status = lib.nux_network_set_routing(
            self._native,
            check.elements("uint32_t", first),
            check.elements("nux_network_target", targets[order]),
            check.elements("double", delays[order]),
        )
        _accepted(status, f"{senders.size} connections")

    @property
    def routing(self) -> Connections:
        """Connections from neurons to rows, a copy."""
        n = int(lib.nux_network_connections(self._native))
        first = np.zeros(NEURONS + 1, np.uint32)
        targets, delays = np.zeros(n, TARGET), np.zeros(n)
        lib.nux_network_get_routing(
            self._native,
            check.elements("uint32_t", first),
            check.elements("nux_network_target", targets),
            check.elements("double", delays),
        )
        neurons = np.repeat(np.arange(NEURONS, dtype=np.uint16), np.diff(first))
        rows, labels, hemispheres = (
            targets[name].astype(np.uint16) for name in ("row", "label", "hemisphere")
        )
        return Connections(neurons, rows, labels, hemispheres, delays)

    # --- spikes out ---------------------------------------------------------------------

    def spikes(self) -> Spikes:
        """Spikes of neurons recorded since `clear_spikes`, a copy."""
        records = self._records(lib.NUX_NETWORK_SPIKES)
        return Spikes(records["time_s"].copy(), records["line"].copy())

    def clear_spikes(self) -> None:
        """Forget the recorded spikes."""
        lib.nux_network_clear_recorded(self._native, lib.NUX_NETWORK_SPIKES)

    @property
    def record_spikes(self) -> bool:
        """Whether spikes are recorded, 16 bytes each. True at first."""
        return bool(lib.nux_network_is_recorded(self._native, lib.NUX_NETWORK_SPIKES))

    @record_spikes.setter
    def record_spikes(self, value: bool) -> None:
        on = check.boolean("record_spikes", value)
        lib.nux_network_record_on(self._native, lib.NUX_NETWORK_SPIKES, on)

    def row_events(self) -> RowEvents:
        """Events on rows recorded since `clear_row_events`, a copy."""
        records = self._records(lib.NUX_NETWORK_EVENTS)
        hemispheres, rows = np.divmod(records["line"], np.uint16(mm.NUM_ROWS))
        return RowEvents(records["time_s"].copy(), hemispheres, rows, records["label"].copy())

    def clear_row_events(self) -> None:
        """Forget the recorded events."""
        lib.nux_network_clear_recorded(self._native, lib.NUX_NETWORK_EVENTS)

    @property
    def record_row_events(self) -> bool:
        """Whether events on rows are recorded, 16 bytes each. False at first."""
        return bool(lib.nux_network_is_recorded(self._native, lib.NUX_NETWORK_EVENTS))

    @record_row_events.setter
    def record_row_events(self, value: bool) -> None:
        on = check.boolean("record_row_events", value)
        lib.nux_network_record_on(self._native, lib.NUX_NETWORK_EVENTS, on)

    def _records(self, which: int) -> npt.NDArray[Any]:
        records = np.zeros(lib.nux_network_recorded(self._native, which), _RECORD)
        out = check.elements("nux_network_record", records)
        lib.nux_network_read_recorded(self._native, which, out)
        return records

    def counters(self) -> Counters:
        """Spike counters of all neurons."""
        words = np.array(
            [
                lib.nux_network_counter(self._native, hemisphere, column)
                for hemisphere in range(HEMISPHERES)
                for column in range(mm.NUM_COLUMNS)
            ]
        )
        return Counters((words & 0xFF).astype(np.uint8), words > 0xFF)

    def reset_counters(self, neurons: npt.ArrayLike | None = None) -> None:
        """Clear the spike counters of some neurons (0 to 511), or of all.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a neuron is not an integer in its range.
        """
        chosen = np.arange(NEURONS) if neurons is None else np.atleast_1d(neurons)
        for neuron in array_input.integers("neurons", chosen, (None,), NEURONS - 1).tolist():
            lib.nux_network_counter_reset(self._native, *divmod(neuron, mm.NUM_COLUMNS))

    # --- state --------------------------------------------------------------------------

    def save(self) -> bytes:
        """Give the state of the network as bytes, without that of its arrays and neurons.

        That is configuration, all events to come, sources, drivers, counters, and what has been
        recorded. Equal states give equal bytes.
        """
        size = int(lib.nux_network_save(self._native, ffi.NULL, 0))
        state = bytearray(size)
        lib.nux_network_save(self._native, ffi.from_buffer(state), size)
        return bytes(state)

    def load(self, state: bytes) -> None:
        """Replace the state by a saved one.

        Raises
        ------
        ArrayValueError
            If it is not a state of a network; nothing has changed then.
        """
        if lib.nux_network_load(self._native, ffi.from_buffer(state), len(state)) < 0:
            raise ArrayValueError(f"these {len(state)} bytes are not a state of a network")


def _accepted(status: int, what: str) -> None:
    """Raise what a refusal of checked input means."""
    if status == lib.NUX_NETWORK_NO_MEMORY:
        raise MemoryError(f"no memory for {what}")
    if status == lib.NUX_NETWORK_FULL:
        raise RuntimeError(f"no room for {what}: there are {lib.NUX_NETWORK_IN_FLIGHT}")
    if status < 0:
        raise RuntimeError(f"the native network refused checked input, status {status}")
