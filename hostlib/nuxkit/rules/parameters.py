# SPDX-License-Identifier: BSD-3-Clause
"""Values of a rule's parameters: checked, and as the processor has them."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError
from nuxkit.rules.description import Parameter, RuleDescription, names

Value = Any  # int, float or ndarray
Array = npt.NDArray[Any]


def check_names(rule: str, description: RuleDescription, given: dict[str, Any]) -> None:
    """Refuse names of parameters that a rule does not have."""
    for name in given:
        if name not in description.parameters:
            close = difflib.get_close_matches(name, description.parameters, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise InputError(
                f"rule {rule}: no parameter {name!r}; {hint}{description.path} declares: "
                f"{names(description.parameters)}"
            )


def default_of(parameter: Parameter) -> Value:
    """Value before the host sets another one."""
    return checked(parameter, parameter.default, "")


def checked(parameter: Parameter, value: Any, rule: str) -> Value:
    """Value of a parameter, as `get_parameters` returns it.

    A single value is good for all elements of an array. Fractions are rounded to the
    nearest one that there is.

    Raises
    ------
    nuxkit.errors.InputError
        Naming rule, parameter, value and limit.
    """
    place = f"rule {rule}: parameter {parameter.name}"
    try:
        values = np.asarray(value)
    except ValueError as problem:
        raise InputError(f"{place}: {value!r} is no array of numbers") from problem
    if values.dtype.kind == "O" and values.size and all(_is_int(v) for v in values.flat):
        values = values.astype(np.float64)  # integers beyond 64 bits: out of all limits
    integers = parameter.dtype.kind != "f" and not parameter.fraction_bits
    allowed = "iu" if integers else "iuf"
    if values.dtype.kind not in allowed and not _huge(values, allowed):
        need = "an integer" if integers else "a number"
        raise InputError(f"{place} is {value!r} ({values.dtype}), but must be {need}")
    if values.shape not in ((), parameter.shape):
        need = f"shape {parameter.shape}" if parameter.shape else "a single value"
        raise InputError(f"{place} has shape {values.shape}, but must have {need}")
    low, high = parameter.minimum, parameter.maximum
    if not integers:
        values = _on_grid(parameter, values.astype(np.float64))
    # Also refuses what is not a number.
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        index = f"[{at}]" if wrong.ndim else ""
        first = np.asarray(value).ravel()[at]
        raise InputError(f"{place}{index} is {first}, but must be from {low} to {high}")
    return np.array(np.broadcast_to(values, parameter.shape)) if parameter.shape else values.item()


def _on_grid(parameter: Parameter, values: Array) -> Array:
    """Nearest values that the type has."""
    if parameter.fraction_bits:
        scale = 2.0**parameter.fraction_bits
        return np.asarray(np.rint(values * scale) / scale)
    with np.errstate(over="ignore"):  # infinity is beyond all limits
        return np.asarray(values.astype(np.float32).astype(np.float64))


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _huge(values: Array, allowed: str) -> bool:
    return values.dtype.kind == "f" and "f" not in allowed and bool((abs(values) >= 2**63).all())


def encoded(parameter: Parameter, value: Value) -> Any:
    """Value in the C type, from what `checked` returned."""
    if not parameter.fraction_bits:
        return value
    raw = np.rint(np.asarray(value) * 2.0**parameter.fraction_bits).astype(parameter.dtype)
    return raw if parameter.shape else int(raw)


def decoded(parameter: Parameter, raw: Any) -> Value:
    """Value from what the C type holds."""
    values = np.asarray(raw)
    if parameter.fraction_bits:
        values = values / 2.0**parameter.fraction_bits
    return np.array(values) if parameter.shape else values.item()
