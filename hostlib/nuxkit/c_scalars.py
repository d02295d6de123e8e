# SPDX-License-Identifier: BSD-3-Clause
"""Scalar C types of the target; :mod:`nuxkit.c_types` has the rules and the rest."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class CType(ABC):
    """A C type: its name as the source spells it, and its size in bytes."""

    name: str
    size: int

    def decode(self, data: bytes) -> Any:
        """Python value of ``size`` big-endian bytes."""
        if len(data) != self.size:
            raise InputError(f"{self.name} has {self.size} bytes, got {len(data)}")
        return self._decode(bytes(data))

    @abstractmethod
    def _decode(self, data: bytes) -> Any: ...

    @abstractmethod
    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:
        """Big-endian bytes of a Python value.

        Parameters
        ----------
        value
            See the table of the module.
        place : str
            What is written, for the error message (``"params.rate"``).
        old : bytes, optional
            The bytes there now (default zeros); bits that the type does not own
            (padding, neighbours of a bit-field) are kept.

        Raises
        ------
        InputError
            The type cannot hold the value.
        """


@dataclass(frozen=True)
class ScalarType(CType):
    """A type with a NumPy equivalent."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Big-endian NumPy type."""

    def _decode(self, data: bytes) -> Any:
        return np.frombuffer(data, self.dtype)[0].item()

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        return np.array(self.check(value, place), self.dtype).tobytes()

    @abstractmethod
    def check(self, value: Any, place: str) -> Any:
        """Give the value as int, bool or float; InputError when the type cannot hold it."""

    @abstractmethod
    def first_misfit(self, values: Array) -> int | None:
        """Flat index of the first value to look at with :meth:`check`, or None."""


@dataclass(frozen=True)
class IntType(ScalarType):
    """Signed or unsigned integer of 1, 2, 4 or 8 bytes; also pointers."""

    signed: bool

    @property
    def dtype(self) -> np.dtype[Any]:  # noqa: D102
        return np.dtype(f">{'i' if self.signed else 'u'}{self.size}")

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest value."""
        return _int_limits(8 * self.size, self.signed)

    def check(self, value: Any, place: str) -> int:  # noqa: D102
        return check_int(value, place, self.name, *self.limits)

    def first_misfit(self, values: Array) -> int | None:  # noqa: D102
        if values.dtype.kind == "b":
            return None
        if values.dtype.kind not in "iu":
            return 0
        low, high = self.limits
        return _first(np.less(values, low) | np.greater(values, high))


@dataclass(frozen=True)
class EnumType(IntType):
    """An enum; ``enumerators`` maps names to values. Decodes to int."""

    enumerators: Mapping[str, int]

    def check(self, value: Any, place: str) -> int:  # noqa: D102
        if isinstance(value, str):
            if value not in self.enumerators:
                raise InputError(
                    f"{place}: {value!r} is not one of {self.name}: {', '.join(self.enumerators)}"
                )
            return self.enumerators[value]
        return super().check(value, place)


@dataclass(frozen=True)
class BoolType(ScalarType):
    """``_Bool``: any byte but 0 reads as True."""

    @property
    def dtype(self) -> np.dtype[Any]:  # noqa: D102
        return np.dtype(f">u{self.size}")

    def _decode(self, data: bytes) -> bool:
        return any(data)

    def check(self, value: Any, place: str) -> bool:  # noqa: D102
        return bool(check_int(value, place, self.name, 0, 1))

    def first_misfit(self, values: Array) -> int | None:  # noqa: D102
        if values.dtype.kind == "b":
            return None
        if values.dtype.kind not in "iu":
            return 0
        return _first((values != 0) & (values != 1))


@dataclass(frozen=True)
class FloatType(ScalarType):
    """``float`` or ``double``; a finite value must stay finite."""

    @property
    def dtype(self) -> np.dtype[Any]:  # noqa: D102
        return np.dtype(f">f{self.size}")

    def check(self, value: Any, place: str) -> float:  # noqa: D102
        if isinstance(value, (str, bytes)) or np.ndim(value) != 0:
            raise InputError(f"{place}: {value!r} is not a number; {self.name} needs one")
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        except (TypeError, ValueError):
            raise InputError(f"{place}: {value!r} is not a number; {self.name} needs one") from None
        limit = float(np.finfo(self.dtype).max)
        with np.errstate(over="ignore"):
            overflows = np.isinf(np.array(number, self.dtype)) and value not in (
                float("inf"),
                float("-inf"),
            )
        if overflows:
            raise InputError(f"{place}: {value} is outside {self.name} ({-limit:g} to {limit:g})")
        return number

    def first_misfit(self, values: Array) -> int | None:  # noqa: D102
        if values.dtype.kind not in "iufb":
            return 0
        with np.errstate(over="ignore"):
            return _first(np.isinf(values.astype(self.dtype)) & ~np.isinf(values))


@dataclass(frozen=True)
class BitFieldType(CType):
    """Bits ``shift + width - 1`` to ``shift`` of ``size`` bytes read as one number.

    ``base`` is the declared type, without the width.
    """

    base: IntType | BoolType
    shift: int
    width: int

    def _decode(self, data: bytes) -> int | bool:
        bits = int.from_bytes(data, "big") >> self.shift & ((1 << self.width) - 1)
        if isinstance(self.base, BoolType):
            return bool(bits)
        if self.base.signed and bits >> (self.width - 1):
            bits -= 1 << self.width
        return bits

    def encode(self, value: Any, place: str, old: bytes | None = None) -> bytes:  # noqa: D102
        if isinstance(self.base, BoolType):
            number = int(self.base.check(value, place))
        else:
            if isinstance(value, str):
                value = self.base.check(value, place)
            limits = _int_limits(self.width, self.base.signed)
            number = check_int(value, place, self.name, *limits)
        mask = ((1 << self.width) - 1) << self.shift
        kept = int.from_bytes(old or b"", "big") & ~mask
        return (kept | (number << self.shift & mask)).to_bytes(self.size, "big")


def _int_limits(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def check_int(value: Any, place: str, type_name: str, low: int, high: int) -> int:
    """Give an integer of any integer type as int; InputError outside of the limits."""
    try:
        number = int(value) if isinstance(value, np.bool_) else operator.index(value)
    except TypeError:
        raise InputError(f"{place}: {value!r} is not an integer; {type_name} needs one") from None
    if not low <= number <= high:
        raise InputError(f"{place}: {number} is outside {type_name} ({low} to {high})")
    return number


def _first(misfits: Array) -> int | None:
    flat = np.flatnonzero(misfits)
    return int(flat[0]) if flat.size else None


def as_array(value: Any, place: str, type_name: str) -> Array:
    """Make an array of any regular sequence; bytes count as uint8."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return np.frombuffer(value, np.uint8)
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            f"{place}: {type_name} needs a regular array, got rows of unequal length"
        ) from None


def encode_numbers(
    element: ScalarType, shape: tuple[int, ...], value: Any, place: str, type_name: str
) -> bytes:
    """Check shape, type and range of an array, and give its big-endian bytes."""
    values = as_array(value, place, type_name)
    if values.shape != shape:
        raise InputError(f"{place}: {type_name} needs shape {shape}, got {values.shape}")
    if values.dtype.kind in "OUf" and not isinstance(value, np.ndarray):
        # A list may mix numbers that NumPy would only hold together as floats.
        values = np.asarray(value, dtype=object)
        checked = [
            element.check(item, _indexed(place, i, shape)) for i, item in enumerate(values.flat)
        ]
        return np.array(checked, element.dtype).tobytes()
    misfit = element.first_misfit(values)
    if misfit is not None and values.size:
        element.check(values.flat[misfit], _indexed(place, misfit, shape))
        raise InputError(f"{place}: {type_name} cannot be written from NumPy type {values.dtype}")
    return values.astype(element.dtype).tobytes()


def _indexed(place: str, flat: int, shape: tuple[int, ...]) -> str:
    return place + "".join(f"[{int(i)}]" for i in np.unravel_index(flat, shape))
