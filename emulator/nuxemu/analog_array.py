# SPDX-License-Identifier: BSD-3-Clause
"""The non-spiking mode of one hemisphere: products of inputs and weights on membranes.

Inputs are pulse lengths of 5 bits, sent one after the other. A signed weight is a pair of
synapses, one excitatory and one inhibitory. Membranes without leak sum up what they get after a
reset, and the CADC reads them with 8 bits, of which each column's baseline is subtracted
(Weis et al. 2020, arXiv 2006.13177).

Of column j, with inputs x_i, weights w_ij and S sends of each input, the reading is ::

    v_j = g g_j (S sum_i(d_i x_i e_ij w_ij)) + o_j + n_j
    reading = floor(clip(soft(v_j), -128, 127) + 1/2)

with the gain g, its deviation g_j, the offset o_j, the deviation e_ij of the synapse, the noise
n_j of this trial, and the part d_i of input i that the leak leaves. ``soft`` is the identity up to
`AnalogSpread.linear`. All deviations are 1 or 0 on an ideal array, where the reading is the rounded
and saturated integer product. Effective weights ``e_ij w_ij`` are held in steps of 1/32, so that
sums are exact, and do not depend on how they are split.

An array multiplies batches by itself (`AnalogArray.multiply`), or as part of a chip
(`nuxemu.ChipModel.attach_analog`), whose processors send the inputs and read the CADC. Both share
the native code.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib

#: Counts of an ideal reading for a product of 1.
DEFAULT_GAIN = 1 / 64
INPUT_MAX, WEIGHT_MAX = 31, mm.WEIGHT_MAX
READING_MIN, READING_MAX = -128, 127
#: Raw reading of a membrane that was reset.
BASELINE = lib.NUX_ANALOG_BASELINE
#: Seconds of a cycle of the event bus (125 MHz).
EVENT_CYCLE_S = 8e-9
_STEPS = lib.NUX_ANALOG_STEPS
_LARGEST_FACTOR = 2.0
_TRIM_STEP = 1 / 512


@dataclass(frozen=True)
class AnalogSpread:
    """How an array deviates from an ideal one; all zero by default: ideal.

    Attributes
    ----------
    gain : float
        Standard deviation of the gains of columns, relative.
    offset : float
        Standard deviation of the offsets of columns, counts.
    weight : float
        Standard deviation of the weights of synapses, relative.
    noise : float
        Standard deviation between trials, counts.
    leak_hz : float
        Rate at which membranes lose their charge, 1 / time constant.
    linear : float
        Counts up to which readings are linear; beyond, they approach their limits.
    """

    gain: float = 0.0
    offset: float = 0.0
    weight: float = 0.0
    noise: float = 0.0
    leak_hz: float = 0.0
    linear: float = 128.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ValueError(f"{each.name} is {value!r}, but must be a number of at least 0")
        if not 1 <= self.linear <= 128:
            raise ValueError(f"linear is {self.linear!r}, but must be from 1 to 128 counts")

    @classmethod
    def typical(cls) -> AnalogSpread:
        """Return plausible deviations of an array before calibration (a choice, not measured)."""
        return cls(gain=0.08, offset=4.0, weight=0.1, noise=2.0, leak_hz=2e3, linear=80.0)


class AnalogArray:
    """One hemisphere in the non-spiking mode.

    Parameters
    ----------
    spread : AnalogSpread
        Its deviations.
    seed : int
        Of deviations and noise, at least 0.
    gain : float
        Counts per product of input and weight.
    hemisphere : {"top", "bottom"}
        Hemispheres of one seed deviate differently.
    """

    SIGNED_INPUTS = mm.NUM_ROWS // 2
    COLUMNS = mm.NUM_COLUMNS

    def __init__(
        self,
        spread: AnalogSpread | None = None,
        *,
        seed: int = 0,
        gain: float = DEFAULT_GAIN,
        hemisphere: str = "top",
    ) -> None:
        spread = AnalogSpread() if spread is None else spread
        if not isinstance(spread, AnalogSpread):
            raise TypeError(f"spread is {spread!r}, but must be an AnalogSpread")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"seed is {seed!r}, but must be an integer of at least 0")
        if not isinstance(gain, int | float) or not 0 < gain < 1e6:
            raise ValueError(f"gain is {gain!r}, but must be above 0 counts")
        if hemisphere not in ("top", "bottom"):
            raise ValueError(f"hemisphere is {hemisphere!r}, but must be 'top' or 'bottom'")
        self.spread, self.gain = spread, float(gain)
        draw = np.random.default_rng([int(seed), hemisphere == "bottom"])
        synapses = (2, self.SIGNED_INPUTS, self.COLUMNS)  # excitatory, inhibitory
        self._gain = 1 + spread.gain * draw.standard_normal(self.COLUMNS)
        self._offset = spread.offset * draw.standard_normal(self.COLUMNS)
        factors = 1 + spread.weight * draw.standard_normal(synapses)
        self._factors = np.clip(factors, 0, _LARGEST_FACTOR)
        self._native = ffi.gc(lib.nux_analog_new(), lib.nux_analog_free)
        if self._native == ffi.NULL:
            raise MemoryError("no memory for an analog array")
        native = self._native
        native.key = int(draw.integers(0, 1 << 63, dtype=np.uint64))
        native.noise, native.leak_hz, native.linear = spread.noise, spread.leak_hz, spread.linear
        _view(native.factor, np.float64).reshape(self.SIGNED_INPUTS, 2, self.COLUMNS)[:] = (
            self._factors.transpose(1, 0, 2)
        )
        self._weights = np.zeros((self.SIGNED_INPUTS, self.COLUMNS), np.int8)
        self._effective: npt.NDArray[np.int16] | None = None
        self._offset_trim, self._gain_trim = np.zeros(self.COLUMNS), np.ones(self.COLUMNS)
        self._trim()

    def _trim(self) -> None:
        """Apply the trims."""
        _view(self._native.gain, np.float64)[:] = self.gain * (self._gain * self._gain_trim)
        _view(self._native.offset, np.float64)[:] = self._offset - self._offset_trim

    @property
    def trials(self) -> int:
        """Input vectors so far; the noise of each is its own."""
        return int(self._native.trials)

    @property
    def offset_trim(self) -> npt.NDArray[np.float64]:
        """What is subtracted from readings before they are rounded, counts, shape (256,)."""
        return self._offset_trim.copy()

    @offset_trim.setter
    def offset_trim(self, counts: npt.ArrayLike) -> None:
        self._offset_trim = self._of_columns("offset trims", counts)
        self._trim()

    @property
    def gain_trim(self) -> npt.NDArray[np.float64]:
        """Factors on the gains of columns, from 0.5 to 1.5 in steps of 1/512, shape (256,).

        What is assigned becomes the nearest possible factor.
        """
        return self._gain_trim.copy()

    @gain_trim.setter
    def gain_trim(self, factors: npt.ArrayLike) -> None:
        values = self._of_columns("gain trims", factors)
        self._gain_trim = np.clip(np.rint(values / _TRIM_STEP) * _TRIM_STEP, 0.5, 1.5)
        self._trim()

    def _of_columns(self, name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        array = np.array(values, np.float64)
        if array.shape != (self.COLUMNS,) or not np.isfinite(array).all():
            raise ValueError(f"{name} must be {self.COLUMNS} finite numbers")
        return array

    @property
    def baseline(self) -> npt.NDArray[np.uint8]:
        """Raw readings of reset membranes, without noise, uint8 of shape (256,)."""
        raw = np.floor(BASELINE + self._offset - self._offset_trim + 0.5)
        limited: npt.NDArray[np.float64] = np.clip(raw, 0, 255)
        return limited.astype(np.uint8)

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Weights, int8 of shape (128, 256), -63 to 63; a copy."""
        return self._weights.copy()

    @weights.setter
    def weights(self, values: npt.ArrayLike) -> None:
        self.set_weights(values)

    def set_weights(self, values: npt.ArrayLike, row: int = 0, column: int = 0) -> None:
        """Write weights of a rectangle; the others stay.

        Parameters
        ----------
        values : array_like of int, shape (rows, columns)
            -63 to 63.
        row, column : int
            Of its first weight.
        """
        new = integers_within("weights", values, -WEIGHT_MAX, WEIGHT_MAX)
        if new.ndim != 2:
            raise ValueError(f"weights have the shape {new.shape}, but must have two dimensions")
        for name, first, size, limit in (
            ("row", row, new.shape[0], self.SIGNED_INPUTS),
            ("column", column, new.shape[1], self.COLUMNS),
        ):
            if not 0 <= first <= limit - size:
                raise ValueError(
                    f"weights of {size} {name}s from {name} {first!r} on do not fit: an array has "
                    f"{limit}"
                )
        self._weights[row : row + new.shape[0], column : column + new.shape[1]] = new
        self._effective = None

    def multiply(
        self, inputs: npt.ArrayLike, *, num_sends: int = 1, wait_between_events: int = 5
    ) -> npt.NDArray[np.int8]:
        """Send inputs and read the columns, once for each input vector.

        Parameters
        ----------
        inputs : array_like of int, shape (batch, n)
            0 to 31, for the first n of 128 signed inputs; the others are not sent.
        num_sends : int
            How often the whole vector is sent, at least 1.
        wait_between_events : int
            Cycles of 8 ns from one event to the next, at least 1.

        Returns
        -------
        ndarray of int8, shape (batch, 256)
            Counts relative to the baselines.
        """
        x = integers_within("inputs", inputs, 0, INPUT_MAX)
        if x.ndim != 2 or x.shape[1] > self.SIGNED_INPUTS:
            raise ValueError(
                f"inputs have the shape {x.shape}, but must have the shape (batch, n) with n up to "
                f"{self.SIGNED_INPUTS}"
            )
        for name, count in (("num_sends", num_sends), ("wait_between_events", wait_between_events)):
            if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
                raise ValueError(f"{name} is {count!r}, but must be an integer of at least 1")
        left = None
        if self.spread.leak_hz:
            left = self._left(x.shape[1], int(num_sends), int(wait_between_events))
        x = np.ascontiguousarray(x, np.uint8)
        readings = np.empty((len(x), self.COLUMNS), np.int8)
        status = lib.nux_analog_multiply(
            self._native,
            *x.shape,
            ffi.from_buffer("uint8_t[]", x),
            ffi.from_buffer("int16_t[]", self._steps()),
            ffi.NULL if left is None else ffi.from_buffer("double[]", left),
            int(num_sends),
            ffi.from_buffer("int8_t[]", readings, require_writable=True),
        )
        if status:
            raise MemoryError("no memory for a product")
        return readings

    def _steps(self) -> npt.NDArray[np.int16]:
        """Effective weights in steps of 1/32."""
        if self._effective is None:
            w = self._weights.astype(np.float64)
            if self.spread.weight:
                w *= np.where(w > 0, self._factors[0], self._factors[1])
            self._effective = np.rint(w * _STEPS).astype(np.int16)
        return self._effective

    def _left(self, n: int, num_sends: int, wait: int) -> npt.NDArray[np.float64]:
        """Part of each input's charge, the mean over its sends, that is left at the reading."""
        events_after = np.arange(n * num_sends, dtype=np.float64)[::-1].reshape(num_sends, n)
        left: npt.NDArray[np.float64] = np.exp(
            -events_after * wait * EVENT_CYCLE_S * self.spread.leak_hz
        ).mean(axis=0)
        return left


def _view(field: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Live view of an array of the native structure, in one dimension."""
    return np.frombuffer(ffi.buffer(field), dtype)


def integers_within(name: str, values: Any, low: int, high: int) -> npt.NDArray[Any]:
    """Check for integers from `low` to `high`.

    Returns
    -------
    ndarray
        Of an integer dtype.

    Raises
    ------
    TypeError
        Other numbers.
    ValueError
        Names the first one that is out of the range.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} are of type {array.dtype}, but must be integers")
    if array.size and (array.min() < low or array.max() > high):
        index = tuple(int(i) for i in np.argwhere((array < low) | (array > high))[0])
        raise ValueError(f"{name}{list(index)} is {array[index]}, out of the range {low} to {high}")
    return array


def packed_or_none(
    values: npt.NDArray[np.float32], low: int, high: int
) -> npt.NDArray[np.uint8] | None:
    """Round to the nearest integers, halves to even, as bytes.

    Parameters
    ----------
    values : ndarray of float32
    low, high : int
        Limits, within the range of a byte.

    Returns
    -------
    ndarray of uint8, or None
        Of the same shape; negative numbers as int8 has them. None if a value is beyond the
        limits or not a number.
    """
    values = np.ascontiguousarray(values, np.float32)
    found = np.empty(values.shape, np.uint8)
    good = lib.nux_analog_pack(
        ffi.from_buffer("float[]", values),
        values.size,
        low,
        high,
        ffi.from_buffer("uint8_t[]", found, require_writable=True),
    )
    return found if good else None
