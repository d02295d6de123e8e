# SPDX-License-Identifier: BSD-3-Clause
"""The neuron circuits of one hemisphere."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import array_input as check
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.network_input import number
from nuxemu.neuron_parameters import COUNT, FLAGS, LIMITS, NeuronParameters

__all__ = ["NeuronParameters", "Neurons"]

_Floats = npt.NDArray[np.float64]
_Columns = npt.NDArray[np.uint16]
#: Spikes that are fetched at once.
_BLOCK = 4096
#: Largest value of a membrane, a current or the adaptation that can be set.
_LARGEST = 1e12


def _view(field: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.frombuffer(ffi.buffer(field), dtype)


class Neurons:
    """256 neuron circuits, one per column of a hemisphere's synapse array.

    They keep their own time, which only goes forward. In a chip the network drives them; alone they
    are driven by `input` and `run`. Same parameters and input: same bits, on every machine.

    Parameters
    ----------
    parameters : NeuronParameters, optional
        By default all neurons are disabled: they send no spikes and their membranes rest.
    """

    def __init__(self, parameters: NeuronParameters | None = None) -> None:
        self._native = ffi.gc(lib.nux_neurons_new(), lib.nux_neurons_free)
        if self._native == ffi.NULL:
            raise MemoryError("no memory for neurons")
        if parameters is not None:
            self.parameters = parameters

    @property
    def now_s(self) -> float:
        """Latest time of anything that was done."""
        return float(self._native.state.now_s)

    @property
    def next_s(self) -> float:
        """Time before which nothing happens without further input; infinite: never."""
        return float(lib.nux_neurons_next(self._native))

    # --- parameters ---------------------------------------------------------------------

    @property
    def parameters(self) -> NeuronParameters:
        """Parameters, a copy; those assigned hold from `now_s` on, and the state stays.

        Neurons that are disabled or bypassed, or have been, begin anew: at rest at their leak.
        """
        native = self._native.parameters
        values = {name: _view(getattr(native, name), np.float64) for name in LIMITS}
        flags = {name: _view(getattr(native, name), np.bool_) for name in FLAGS}
        return NeuronParameters(**values, **flags)

    @parameters.setter
    def parameters(self, parameters: NeuronParameters) -> None:
        if not isinstance(parameters, NeuronParameters):
            raise ArrayTypeError(f"parameters is {parameters!r}, but must be NeuronParameters")
        native = self._native.parameters
        for field in fields(parameters):
            dtype = np.bool_ if field.name in FLAGS else np.float64
            _view(getattr(native, field.name), dtype)[:] = getattr(parameters, field.name)
        lib.nux_neurons_update_parameters(self._native, self.now_s)

    def change(self, columns: Any = None, **values: Any) -> None:
        """Change some parameters of some neurons, as `NeuronParameters.changed`."""
        self.parameters = self.parameters.changed(columns, **values)

    # --- time and input -----------------------------------------------------------------

    def _check_time(self, name: str, time_s: float) -> float:
        if isinstance(time_s, bool) or not isinstance(time_s, int | float | np.number):
            raise ArrayTypeError(f"{name} is {time_s!r}, but must be a number")
        if not math.isfinite(time_s) or time_s < self.now_s:
            raise ArrayValueError(
                f"{name} is {time_s:g} s, but must be finite and not before the neurons' current "
                f"time of {self.now_s:g} s"
            )
        return float(time_s)

    def _check_quiet(self, name: str, time_s: float) -> float:
        time_s = self._check_time(name, time_s)
        if self.next_s < time_s:
            raise ArrayValueError(
                f"{name} is {time_s:g} s, but neurons may spike before, from {self.next_s:g} s on: "
                f"run up to then first"
            )
        return time_s

    def run(self, until_s: float) -> tuple[_Floats, _Columns]:
        """Let time pass.

        Returns
        -------
        times_s, columns : numpy.ndarray
            Spikes up to and including `until_s`, sorted by time, then column; float64 and uint16 of
            shape (n,).

        Raises
        ------
        ArrayValueError
            If `until_s` is not finite or before `now_s`.
        """
        until_s = self._check_time("until_s", until_s)
        times, columns = [], []
        while True:
            time, column = np.empty(_BLOCK), np.empty(_BLOCK, np.uint16)
            n = lib.nux_neurons_run(
                self._native,
                until_s,
                _BLOCK,
                ffi.from_buffer("double[]", time),
                ffi.from_buffer("uint16_t[]", column),
            )
            times.append(time[:n])
            columns.append(column[:n])
            if not self.next_s <= until_s:
                return np.concatenate(times), np.concatenate(columns)

    def input(
        self,
        time_s: float,
        weights: npt.ArrayLike,
        inhibitory: bool = False,
        amplitude: float = 1.0,
    ) -> _Columns:
        """Apply one synaptic event.

        Parameters
        ----------
        time_s : float
            Not before `now_s`, nor after a spike that has not been fetched with `run`.
        weights : array_like
            Weight of each column, integers of shape (256,), 0 to 63; 0 where none is hit.
        inhibitory : bool
            Whether the event goes to the inhibitory input.
        amplitude : float
            Strength of the row driver, at least 0.

        Returns
        -------
        numpy.ndarray
            Columns of bypassed neurons that spike at once, uint16 of shape (n,).

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If a value has a wrong type, shape or range.
        """
        time_s = self._check_quiet("time_s", time_s)
        words = check.integers("weights", weights, (COUNT,), mm.WEIGHT_MAX).astype(np.uint8)
        amplitude = number("amplitude", amplitude, 0, 1e6)
        columns = np.empty(COUNT, np.uint16)
        n = lib.nux_neurons_input(
            self._native,
            time_s,
            ffi.from_buffer("uint8_t[]", words),
            ffi.from_buffer("uint8_t[]", np.full(COUNT, 0xFF, np.uint8)),
            int(inhibitory),
            amplitude,
            ffi.from_buffer("uint16_t[]", columns),
        )
        return columns[:n]

    def reset(self, time_s: float, columns: Any = None) -> None:
        """Set membranes (by default all) to their reset potential, as the processor does.

        The neurons are refractory as after a spike. Disabled and bypassed neurons stay as they are.

        Raises
        ------
        ArrayValueError
            If `time_s` is before `now_s` or after a spike that has not been fetched, or a column
            does not exist.
        """
        time_s = self._check_quiet("time_s", time_s)
        mask = np.zeros(COUNT, np.uint8)
        mask[_chosen(columns)] = 1
        lib.nux_neurons_reset(self._native, time_s, ffi.from_buffer("uint8_t[]", mask))

    # --- state --------------------------------------------------------------------------

    def _observe(self, time_s: float | None) -> tuple[_Floats, ...]:
        time_s = self.now_s if time_s is None else self._check_quiet("time_s", time_s)
        values = tuple(np.empty(COUNT) for _ in range(4))
        rows = [ffi.from_buffer("double[]", row) for row in values]
        lib.nux_neurons_observe(self._native, time_s, *rows)
        return values

    def membrane(self, time_s: float | None = None) -> _Floats:
        """Membranes at a time (default `now_s`) in LSB, float64 of shape (256,).

        Raises
        ------
        ArrayValueError
            If `time_s` is before `now_s` or after a spike that has not been fetched.
        """
        return self._observe(time_s)[0]

    def currents(self, time_s: float | None = None) -> _Floats:
        """Excitatory and inhibitory currents in LSB/s, float64 of shape (2, 256); see `membrane`.

        They are what an event adds, before the reversal potentials have their effect.
        """
        return np.stack(self._observe(time_s)[1:3])

    def adaptation(self, time_s: float | None = None) -> _Floats:
        """Adaptation in LSB, float64 of shape (256,); see `membrane`."""
        return self._observe(time_s)[3]

    def set_state(self, columns: Any = None, **values: npt.ArrayLike) -> None:
        """Set what chosen neurons (by default all) hold at `now_s`.

        Parameters
        ----------
        columns : slice or array_like, optional
            Which neurons.
        **values : float or array_like
            ``membrane_lsb``, ``exc_lsb_per_s``, ``inh_lsb_per_s`` (currents, at least 0) or
            ``adaptation_lsb``; one for all chosen neurons or one for each.

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If there is no such name or neuron, or a value has a wrong shape or range.
        """
        state = self._native.state
        known = {
            "membrane_lsb": (state.v_lsb, -_LARGEST),
            "exc_lsb_per_s": (state.i_exc, 0.0),
            "inh_lsb_per_s": (state.i_inh, 0.0),
            "adaptation_lsb": (state.w_lsb, -_LARGEST),
        }
        chosen = _chosen(columns)
        checked = []
        for name, value in values.items():
            if name not in known:
                raise ArrayTypeError(f"{name!r} is not a state of neurons: {', '.join(known)}")
            field, low = known[name]
            given = np.asarray(value)
            shape = (chosen.size,) if given.ndim else ()
            checked.append((field, check.reals(name, given, shape, low, _LARGEST)))
        lib.nux_neurons_settle(self._native, self.now_s)
        for field, given in checked:
            _view(field, np.float64)[chosen] = given
        lib.nux_neurons_update_parameters(self._native, self.now_s)

    def save(self) -> bytes:
        """Parameters and complete state; equal states give equal bytes."""
        size = lib.nux_neurons_save(self._native, ffi.NULL, 0)
        data = ffi.new("uint8_t[]", size)
        lib.nux_neurons_save(self._native, data, size)
        return bytes(ffi.buffer(data))

    def load(self, data: bytes) -> None:
        """Take over what `save` returned; goes on exactly as the neurons that were saved.

        Raises
        ------
        ArrayValueError
            If the bytes are not a state of neurons; nothing has changed then.
        """
        if lib.nux_neurons_load(self._native, ffi.from_buffer("uint8_t[]", data), len(data)) < 0:
            raise ArrayValueError(f"{len(data)} bytes given are not a state of neurons")


def _chosen(columns: Any) -> npt.NDArray[np.intp]:
    try:
        every: npt.NDArray[np.intp] = np.arange(COUNT)
        return every if columns is None else np.atleast_1d(every[columns])
    except IndexError as error:
        raise ArrayValueError(f"columns: {error}") from error
