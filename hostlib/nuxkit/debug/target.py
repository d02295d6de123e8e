# SPDX-License-Identifier: BSD-3-Clause
"""Registers as GDB sees them (its target description), and as the processor holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from nuxemu import Processor, StopReason

_TYPES = """\
<vector id="ppu_u8" type="uint8" count="128"/>
<vector id="ppu_s8" type="int8" count="128"/>
<vector id="ppu_u16" type="uint16" count="64"/>
<vector id="ppu_s16" type="int16" count="64"/>
<vector id="ppu_u32" type="uint32" count="64"/>
<union id="ppu_vector">
<field name="s8" type="ppu_s8"/><field name="u8" type="ppu_u8"/>
<field name="s16" type="ppu_s16"/><field name="u16" type="ppu_u16"/>
</union>
"""

_CORE = [*(f"r{i}" for i in range(32)), "pc", "msr", "cr", "lr", "ctr", "xer"]
_SPECIAL = [
    "srr0", "srr1", "esr", "dear", "dec", "decar", "tcr", "tsr", "gin", "gout", "goe", "iccr",
]  # fmt: skip


@dataclass(frozen=True)
class Register:
    """One register: its name, size in bytes, and how to read and write its bytes."""

    name: str
    size: int
    feature: str
    type: str
    read: Callable[[Processor], bytes]
    write: Callable[[Processor, bytes], None]


def _word(name: str, feature: str) -> Register:
    kind = {"pc": "code_ptr", "lr": "code_ptr", "r1": "data_ptr"}.get(name, "uint32")

    def read(ppu: Processor) -> bytes:
        if name == "pc" and ppu.stop.reason is StopReason.FETCH:  # where the jump was
            return int(ppu.stop.from_pc).to_bytes(4, "big")
        registers = ppu.registers()
        value = registers["gpr"][int(name[1:])] if name[1:].isdigit() else registers[name]
        return int(value).to_bytes(4, "big")

    def write(ppu: Processor, data: bytes) -> None:
        value = int.from_bytes(data, "big")
        if name[1:].isdigit():
            gpr = ppu.registers()["gpr"]
            gpr[int(name[1:])] = value
            ppu.set_registers(gpr=gpr)
        else:
            ppu.set_registers(**{name: value & ~3 if name == "pc" else value})

    return Register(name, 4, feature, kind, read, write)


def _time_base() -> Register:
    return Register(
        "time_base", 8, "org.nuxkit.ppu", "uint64",
        lambda ppu: int(ppu.registers()["time_base"]).to_bytes(8, "big"),
        lambda ppu, data: ppu.set_registers(time_base=int.from_bytes(data, "big")),
    )  # fmt: skip


def _vector(index: int) -> Register:
    def write(ppu: Processor, data: bytes) -> None:
        ppu.write_vector_register(index, data)

    return Register(
        f"v{index}", 128, "org.nuxkit.ppu", "ppu_vector",
        lambda ppu: ppu.vector_registers[index].tobytes(), write,
    )  # fmt: skip


def _accumulator() -> Register:
    def write(ppu: Processor, data: bytes) -> None:
        ppu.accumulator[:] = np.frombuffer(data, ">u4")

    return Register(
        "acc", 256, "org.nuxkit.ppu", "ppu_u32",
        lambda ppu: ppu.accumulator.astype(">u4").tobytes(), write,
    )  # fmt: skip


def _condition() -> Register:
    def write(ppu: Processor, data: bytes) -> None:
        ppu.condition[:] = np.frombuffer(data, np.uint8) & 3

    return Register(
        "vcr", 128, "org.nuxkit.ppu", "ppu_u8", lambda ppu: ppu.condition.tobytes(), write
    )


@cache
def registers() -> tuple[Register, ...]:
    """All registers, by GDB's number."""
    return (
        *(_word(name, "org.gnu.gdb.power.core") for name in _CORE),
        *(_word(name, "org.nuxkit.ppu") for name in _SPECIAL),
        _time_base(),
        *(_vector(index) for index in range(32)),
        _accumulator(),
        _condition(),
    )


@cache
def description() -> bytes:
    """Target description (XML)."""
    rows = ['<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">', "<target>"]
    rows.append("<architecture>powerpc:common</architecture>")
    for feature in ("org.gnu.gdb.power.core", "org.nuxkit.ppu"):
        rows.append(f'<feature name="{feature}">')
        if feature == "org.nuxkit.ppu":
            rows.append(_TYPES)
        rows += [
            f'<reg name="{each.name}" bitsize="{8 * each.size}" type="{each.type}" '
            f'regnum="{number}"{_group(each)}/>'
            for number, each in enumerate(registers())
            if each.feature == feature
        ]
        rows.append("</feature>")
    return "\n".join([*rows, "</target>"]).encode()


def _group(register: Register) -> str:
    """Keep vectors out of ``info registers``."""
    return ' group="vector"' if register.size > 8 else ""
