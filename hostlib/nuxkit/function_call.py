# SPDX-License-Identifier: BSD-3-Clause
"""Calls of single C functions by the conventions of the 32-bit PowerPC ABI.

Integers, pointers and floats (software floating point) go through r3 to r10, 64-bit values through
a pair that begins at an odd register (System V ABI, PowerPC supplement, 3-18); the result comes in
r3, or r3 and r4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import Processor

from . import c_types as c
from .dwarf_types import Parameter, Signature
from .errors import InputError
from .program import Program
from .result import RunResult

_FIRST, _LAST = 3, 10
_ALIGNMENT = 128
_VECTOR_BYTES = 128


@dataclass(frozen=True)
class CallResult:
    """End of a call.

    Attributes
    ----------
    value : int, float, bool or None
        What the function returned.
    cycles : int
        Processor cycles of the call, with about ten for its end.
    run : RunResult
        The rest.
    """

    value: Any
    cycles: int
    run: RunResult


@dataclass(frozen=True)
class _Buffer:
    """An array argument, and where it is."""

    array: npt.NDArray[Any]
    address: int


@dataclass(frozen=True)
class PreparedCall:
    """Registers and buffers of a call."""

    program: Program
    address: int
    signature: Signature
    words: tuple[int, ...]
    buffers: tuple[_Buffer, ...]
    stack: int

    def enter(self, ppu: Processor) -> None:
        """Put a processor that was just started to the function's begin."""
        for buffer in self.buffers:
            ppu.write(buffer.address, _bytes_of(buffer.array))
        ppu.write(self.stack, bytes(8))  # back chain: call stacks end here
        gpr = ppu.registers()["gpr"]
        gpr[1] = self.stack
        gpr[_FIRST : _FIRST + len(self.words)] = self.words
        ppu.set_registers(gpr=gpr, pc=self.address, lr=self.program.symbols["exit"].address)

    def finish(self, ppu: Processor, result: RunResult) -> CallResult:
        """Take back what the function left."""
        for buffer in self.buffers:
            if buffer.array.flags.writeable:
                data = ppu.read(buffer.address, buffer.array.nbytes)
                found = np.frombuffer(data, buffer.array.dtype.newbyteorder(">"))
                buffer.array[...] = found.reshape(buffer.array.shape)
        return CallResult(_returned(self.signature.result, result), result.cycles, result)


def prepare_call(program: Program, function: str, arguments: tuple[Any, ...]) -> PreparedCall:
    """Check arguments, and lay them out in registers and on the stack."""
    signature = program.signature(function)
    if len(arguments) != len(signature.parameters):
        names = ", ".join(parameter.name for parameter in signature.parameters)
        raise InputError(
            f"{function}({names}) takes {len(signature.parameters)} arguments, got {len(arguments)}"
        )
    top = program.symbols["__stack_top"].address
    lowest = program.symbols["__stack_limit"].address
    words: list[int] = []
    buffers: list[_Buffer] = []
    for parameter, argument in zip(signature.parameters, arguments, strict=True):
        place = f"{parameter.name} of {function}"
        if isinstance(argument, np.ndarray):
            _check_target(place, parameter, argument)
            top = (top - argument.nbytes) // _ALIGNMENT * _ALIGNMENT
            buffers.append(_Buffer(argument, top))
            words.append(top)
        else:
            _add_number(words, place, parameter, argument)
    if len(words) > _LAST - _FIRST + 1:
        raise InputError(f"{function} takes more arguments than fit into registers")
    if top - lowest < _ALIGNMENT * 2:
        raise InputError(
            f"the arrays given to {function} take more than the stack has: from 0x{lowest:x} to "
            f"0x{program.symbols['__stack_top'].address:x}"
        )
    stack = (top - 16) // 16 * 16
    address = program.symbols[function].address
    return PreparedCall(program, address, signature, tuple(words), tuple(buffers), stack)


def _bytes_of(array: npt.NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes()


def _check_target(place: str, parameter: Parameter, array: npt.NDArray[Any]) -> None:
    target = parameter.target
    if target is None:
        raise InputError(f"{place} is a {parameter.ctype.name}, but an array was given")
    if array.dtype.kind not in "iufb":
        raise InputError(f"{place}: arrays of type {array.dtype} cannot be passed")
    if isinstance(target, c.VectorMemoryType):
        if array.dtype.kind not in "iu" or array.itemsize > 2 or array.nbytes % _VECTOR_BYTES:
            raise InputError(
                f"{place}: a vector is 128 bytes or 64 halfwords, got {array.dtype} of shape "
                f"{array.shape}"
            )
    elif isinstance(target, c.ScalarType):
        kinds = "f" if isinstance(target, c.FloatType) else "iub"
        if array.itemsize != target.size or array.dtype.kind not in kinds:
            raise InputError(f"{place} points to {target.name}, but the array has {array.dtype}")


def _add_number(words: list[int], place: str, parameter: Parameter, value: Any) -> None:
    ctype = parameter.ctype
    if not isinstance(ctype, c.ScalarType):
        raise InputError(f"{place}: a {ctype.name} cannot be passed")
    data = ctype.encode(value, place)
    if ctype.size == 8:
        if len(words) % 2:
            words.append(0)
        words += [int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")]
        return
    signed = isinstance(ctype, c.IntType) and ctype.signed
    words.append(int.from_bytes(data, "big", signed=signed) & 0xFFFFFFFF)


def _returned(ctype: c.CType | None, result: RunResult) -> Any:
    if ctype is None:
        return None
    gpr = result.registers["gpr"]
    both = (gpr[_FIRST] << 32 | gpr[_FIRST + 1]).to_bytes(8, "big")
    return ctype.decode(both[: ctype.size] if ctype.size == 8 else both[4 - ctype.size : 4])
