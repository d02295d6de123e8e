# SPDX-License-Identifier: BSD-3-Clause
"""Synapse array of one hemisphere: memory, correlation sensors, CADC."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import array_input as check
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.correlation_config import (
    LIMITS,
    CorrelationConfig,
    fixed_pattern,
    spread_factors,
)

if TYPE_CHECKING:
    from nuxemu.analog_array import AnalogArray
    from nuxemu.neurons import Neurons

__all__ = ["ArrayTypeError", "ArrayValueError", "CorrelationConfig", "SynapseArray"]

_SHAPE = (mm.NUM_ROWS, mm.NUM_COLUMNS)
_CAUSAL, _ACAUSAL = 0, 1
_CALIB_MAX = 3
# Streams of the seed: amplitude and tau of either channel, offsets, noise.
_AMPLITUDE_STREAM, _TAU_STREAM, _OFFSET_STREAM, _NOISE_STREAM = 0, 2, 4, 5

_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float64]


class _Memory:
    """A native array for ``numpy.asarray``; keeps its owner alive."""

    def __init__(self, owner: Any, field: Any, dtype: npt.DTypeLike) -> None:
        kind = np.dtype(dtype)
        shape, item = [], ffi.typeof(field)
        while item.kind == "array":
            shape.append(item.length)
            item = item.item
        self._owner = owner
        self.__array_interface__ = {
            "version": 3,
            "shape": tuple(shape),
            "typestr": kind.str,
            "data": (int(ffi.cast("uintptr_t", field)), False),
        }


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


class SynapseArray:
    """256 x 256 synapses with their correlation sensors and the CADC that reads them.

    All arrays are ``[row, column]``. Times are hardware time in seconds. Same seed, config and
    input: same bits, on every machine.

    Parameters
    ----------
    seed : int
        Of the fixed pattern and of the noise, 0 to 2**64 - 1.
    config : CorrelationConfig, optional
        Parameters of sensors and CADC.

    Raises
    ------
    ArrayTypeError, ArrayValueError
        If the seed is not an integer in its range.

    Notes
    -----
    Each sensor pairs nearest neighbours: a postsynaptic spike adds
    ``amplitude * exp(-(t_post - t_pre) / tau)`` to the causal sensor, where ``t_pre`` is the last
    presynaptic spike since the previous postsynaptic one; acausal is the mirror image
    (brainscales2-demos, ``fp_brainscales.rst``). See ``docs/correlation_model.md``.
    """

    def __init__(self, seed: int = 0, config: CorrelationConfig | None = None) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise ArrayTypeError(f"seed is {seed!r}, but must be an integer")
        if not 0 <= seed < 2**64:
            raise ArrayValueError(f"seed is {seed}, but must be 0 to {2**64 - 1}")
        self._config = CorrelationConfig() if config is None else config
        if not isinstance(self._config, CorrelationConfig):
            raise ArrayTypeError(f"config is {config!r}, but must be a CorrelationConfig")
        self._native = ffi.gc(lib.nux_array_new(), lib.nux_array_free)
        if self._native == ffi.NULL:
            raise MemoryError("no memory for a synapse array")
        self._weights = self._field("weights", np.uint8)
        self._labels = self._field("labels", np.uint8)
        self._time_calib = self._field("time_calib", np.uint8)
        self._amp_calib = self._field("amp_calib", np.uint8)
        self._amplitude = self._field("amplitude_lsb", np.float64)
        self._tau = self._field("tau_s", np.float64)
        self._offset = self._field("offset_lsb", np.float64)
        self._accumulated = self._field("accumulated_lsb", np.float64)
        self._analog: AnalogArray | None = None
        self._configure(int(seed))

    def _field(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        return np.asarray(_Memory(self._native, getattr(self._native, name), dtype))

    def _configure(self, seed: int) -> None:
        config, native = self._config, self._native
        amplitudes = (config.amplitude_causal_lsb, config.amplitude_acausal_lsb)
        taus = (config.tau_causal_s, config.tau_acausal_s)
        for channel in (_CAUSAL, _ACAUSAL):
            self._amplitude[channel] = amplitudes[channel] * spread_factors(
                seed, _AMPLITUDE_STREAM + channel, _SHAPE, config.amplitude_spread
            )
            self._tau[channel] = taus[channel] * spread_factors(
                seed, _TAU_STREAM + channel, _SHAPE, config.tau_spread
            )
        self._offset[:] = config.offset_spread_lsb * fixed_pattern(
            seed, _OFFSET_STREAM, self._offset.shape
        )
        for code in range(_CALIB_MAX + 1):
            native.amp_factor[code] = 1 + code * config.amplitude_step
            native.tau_factor[code] = 1 + code * config.tau_step
        native.saturation_lsb = config.saturation_lsb
        native.baseline_lsb = config.baseline_lsb
        native.noise_lsb = config.noise_lsb
        noise = np.random.PCG64(np.random.SeedSequence([seed, _NOISE_STREAM]))
        native.noise_seed = int(noise.random_raw())
        lib.nux_array_update_parameters(native)

    @property
    def config(self) -> CorrelationConfig:
        """Parameters of sensors and CADC."""
        return self._config

    @property
    def now_s(self) -> float:
        """Time up to which spikes have been processed."""
        return float(self._native.now_s)

    @property
    def pending_spikes(self) -> int:
        """Number of spikes that are still to come."""
        return int(self._native.spikes_end - self._native.spikes_head)

    # --- synapse memory ---------------------------------------------------------------

    @property
    def weights(self) -> _Bytes:
        """Weights, uint8 of shape (256, 256), 0 to 63: a live view; assign whole arrays to it."""
        return _read_only(self._weights[: mm.NUM_ROWS])

    @weights.setter
    def weights(self, values: npt.ArrayLike) -> None:
        self._weights[: mm.NUM_ROWS] = check.integers("weights", values, _SHAPE, mm.WEIGHT_MAX)

    @property
    def labels(self) -> _Bytes:
        """Labels, uint8 of shape (256, 256), 0 to 63: a live view; assign whole arrays to it."""
        return _read_only(self._labels[: mm.NUM_ROWS])

    @labels.setter
    def labels(self, values: npt.ArrayLike) -> None:
        self._labels[: mm.NUM_ROWS] = check.integers("labels", values, _SHAPE, mm.LABEL_MAX)
        lib.nux_array_update_labels(self._native)

    @property
    def time_calib(self) -> _Bytes:
        """Calibration codes of the time constants, uint8 of shape (256, 256), 0 to 3."""
        return _read_only(self._time_calib[: mm.NUM_ROWS])

    @time_calib.setter
    def time_calib(self, values: npt.ArrayLike) -> None:
        codes = check.integers("time_calib", values, _SHAPE, _CALIB_MAX)
        self._time_calib[: mm.NUM_ROWS] = codes
        lib.nux_array_update_parameters(self._native)

    @property
    def amp_calib(self) -> _Bytes:
        """Calibration codes of the amplitudes, uint8 of shape (256, 256), 0 to 3."""
        return _read_only(self._amp_calib[: mm.NUM_ROWS])

    @amp_calib.setter
    def amp_calib(self, values: npt.ArrayLike) -> None:
        codes = check.integers("amp_calib", values, _SHAPE, _CALIB_MAX)
        self._amp_calib[: mm.NUM_ROWS] = codes
        lib.nux_array_update_parameters(self._native)

    # --- parameters of sensors and CADC -------------------------------------------------

    @property
    def amplitude_lsb(self) -> _Floats:
        """Amplitudes at calibration code 0, float64 of shape (2, 256, 256): causal, acausal."""
        return _read_only(self._amplitude)

    @amplitude_lsb.setter
    def amplitude_lsb(self, values: npt.ArrayLike) -> None:
        limits = LIMITS["amplitude_causal_lsb"]
        self._amplitude[:] = check.reals("amplitude_lsb", values, (2, *_SHAPE), *limits)
        lib.nux_array_update_parameters(self._native)

    @property
    def tau_s(self) -> _Floats:
        """Time constants at calibration code 0, float64 of shape (2, 256, 256)."""
        return _read_only(self._tau)

    @tau_s.setter
    def tau_s(self, values: npt.ArrayLike) -> None:
        limits = LIMITS["tau_causal_s"]
        self._tau[:] = check.reals("tau_s", values, (2, *_SHAPE), *limits)
        lib.nux_array_update_parameters(self._native)

    @property
    def offset_lsb(self) -> _Floats:
        """Offsets of the CADC channels, float64 of shape (2, 256): causal, acausal."""
        return _read_only(self._offset)

    @offset_lsb.setter
    def offset_lsb(self, values: npt.ArrayLike) -> None:
        shape = (2, mm.NUM_COLUMNS)
        self._offset[:] = check.reals("offset_lsb", values, shape, -255.0, 255.0)

    # --- spikes and time ----------------------------------------------------------------

    def add_spikes(
        self,
        pre: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] | None = None,
        post: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        """Add spikes to come; they merge with those added before.

        Of spikes at the same time, presynaptic ones come first.

        Parameters
        ----------
        pre : tuple of array_like, optional
            Times in seconds, rows (0 to 255) and labels (0 to 63), each of shape (n,): touches the
            synapses of the row that hold the label.
        post : tuple of array_like, optional
            Times in seconds and columns (0 to 255), each of shape (m,).

        Raises
        ------
        ArrayTypeError
            If rows, labels or columns are not integers or times not numbers.
        ArrayValueError
            If times are not finite, negative, not sorted or before `now_s`; if a row, label or
            column is out of range; if lengths differ. Nothing has been added then.
        """
        times, lines, labels = [], [], []
        if pre is not None:
            pre_times, pre_rows, pre_labels = check.parts("pre", pre, "times_s, rows, labels")
            times.append(check.spike_times("pre times_s", pre_times, self.now_s))
            lines.append(check.integers("pre rows", pre_rows, (None,), mm.NUM_ROWS - 1))
            labels.append(check.integers("pre labels", pre_labels, (None,), mm.LABEL_MAX))
            check.same_length(times_s=times[-1], rows=lines[-1], labels=labels[-1])
        if post is not None:
            post_times, post_columns = check.parts("post", post, "times_s, columns")
            times.append(check.spike_times("post times_s", post_times, self.now_s))
            lines.append(check.integers("post columns", post_columns, (None,), mm.NUM_COLUMNS - 1))
            check.same_length(times_s=times[-1], columns=lines[-1])
            labels.append(np.full(times[-1].size, -1))
        if times:
            self._push(np.concatenate(times), np.concatenate(lines), np.concatenate(labels))

    def _push(
        self,
        times: _Floats,
        lines: npt.NDArray[np.generic],
        labels: npt.NDArray[np.generic],
    ) -> None:
        order = np.argsort(times, kind="stable")
        status = lib.nux_array_push(
            self._native,
            order.size,
            ffi.from_buffer("double[]", times[order]),
            ffi.from_buffer("uint16_t[]", lines[order].astype(np.uint16)),
            ffi.from_buffer("int16_t[]", labels[order].astype(np.int16)),
        )
        if status == lib.NUX_ARRAY_NO_MEMORY:
            raise MemoryError(f"no memory for {order.size} spikes")
        if status < 0:
            raise RuntimeError(f"the native array refused checked spikes, status {status}")

    def advance(self, until_s: float) -> None:
        """Process all spikes up to and including `until_s`, the new current time.

        Raises
        ------
        ArrayValueError
            If `until_s` is not finite or before `now_s`.
        """
        if not math.isfinite(until_s) or until_s < self.now_s:
            raise ArrayValueError(
                f"until_s is {until_s:g} s, but must be finite and not before the array's current "
                f"time of {self.now_s:g} s"
            )
        lib.nux_array_advance(self._native, until_s)

    # --- neurons --------------------------------------------------------------------------

    def attach_neurons(self, neurons: Neurons) -> None:
        """Connect the neurons below the array.

        The switch row then connects them to the CADC, and writes to it reset them. Without
        neurons such accesses are refused.
        """
        self._native.neurons = ffi.cast("struct nux_neurons *", neurons._native)
        self._neurons = neurons  # must live as long as the array

    @property
    def analog(self) -> AnalogArray | None:
        """The non-spiking mode; None: the array is one of a chip that works with spikes."""
        return self._analog

    def attach_analog(self, analog: AnalogArray | None) -> None:
        """Put the non-spiking mode in the place of the neurons, or (None) take it away."""
        pointer = ffi.NULL if analog is None else analog._native
        self._native.analog = ffi.cast("struct nux_analog *", pointer)
        self._analog = analog  # must live as long as the array

    # --- state ----------------------------------------------------------------------------

    def save(self) -> bytes:
        """Return the complete state as bytes; equal states give equal bytes."""
        size = lib.nux_array_save(self._native, ffi.NULL, 0)
        state = ffi.new("uint8_t[]", size)
        if lib.nux_array_save(self._native, state, size) != size:
            raise MemoryError("no memory for the state of a synapse array")
        return bytes(ffi.buffer(state))

    def load(self, state: bytes) -> None:
        """Take over what `save` returned, also of another array; neurons stay attached.

        `config` keeps describing what the array was made with.

        Raises
        ------
        ArrayValueError
            If that is not the state of an array; nothing has changed then.
        """
        status = lib.nux_array_load(self._native, state, len(state))
        if status == -2:
            raise MemoryError("no memory for the state of a synapse array")
        if status < 0:
            raise ArrayValueError(f"{len(state)} bytes are not the state of a synapse array")

    # --- correlation --------------------------------------------------------------------

    @property
    def causal_lsb(self) -> _Floats:
        """What the causal sensors hold now, float64 of shape (256, 256), a copy."""
        return self._held(_CAUSAL)

    @property
    def acausal_lsb(self) -> _Floats:
        """What the acausal sensors hold now, float64 of shape (256, 256), a copy."""
        return self._held(_ACAUSAL)

    def _held(self, channel: int) -> _Floats:
        lib.nux_array_settle(self._native)
        held: _Floats = np.minimum(self._accumulated[:, channel], self._native.saturation_lsb)
        return held

    def read_correlation(self) -> tuple[_Bytes, _Bytes]:
        """Convert all rows as a processor does, one after the other, at the current time.

        Takes the noise of 256 conversions and leaves the last row in the CADC's latch.

        Returns
        -------
        causal, acausal : numpy.ndarray
            Readings, uint8 of shape (256, 256). They fall as correlation grows.

        Raises
        ------
        RuntimeError
            If the CADC is disabled; if the switch row connects neurons to it and there are
            none.
        """
        halves = np.empty((2, mm.NUM_ROWS, 2, mm.VECTOR_BYTES), np.uint8)
        for row in range(mm.NUM_ROWS):
            for channel, base in ((_CAUSAL, mm.VECTOR_CAUSAL), (_ACAUSAL, mm.VECTOR_ACAUSAL)):
                for half in (0, 1):
                    buffered = mm.VECTOR_BUFFERED if (channel, half) != (_CAUSAL, 0) else 0
                    self._read(base + buffered + 2 * row + half, halves[channel, row, half])
        causal, acausal = halves.transpose(0, 1, 3, 2).reshape(2, *_SHAPE)
        return causal, acausal

    def _read(self, address: int, out: _Bytes) -> None:
        lanes = ffi.from_buffer("uint8_t[]", out)
        status = lib.nux_array_vector_read(self._native, address, self.now_s, lanes)
        if status == lib.NUX_ARRAY_NO_NEURON:
            raise RuntimeError(
                "the switch row connects neurons to the CADC, but the array has no neurons"
            )
        if status == lib.NUX_ARRAY_CADC_OFF:
            raise RuntimeError("the CADC is disabled: bit 0 of its configuration is 0")
        if status < 0:
            raise RuntimeError(f"the array does not know vector address 0x{address:x}")

    @property
    def latched_row(self) -> int | None:
        """Row that the CADC converted last; None before the first conversion."""
        return int(self._native.latched_row) if self._native.latched else None

    def reset_correlation(self, causal: bool = True, acausal: bool = True) -> None:
        """Clear what the chosen sensors of all synapses hold; the last spikes stay remembered."""
        lib.nux_array_reset(self._native, causal << _CAUSAL | acausal << _ACAUSAL)
