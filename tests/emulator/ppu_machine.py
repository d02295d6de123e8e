# SPDX-License-Identifier: BSD-3-Clause
"""A processor with an assembled program, for tests of the emulator."""

import functools
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from isa.ppc_tools import assemble
from nuxemu import Bus, Processor, SiteKind, Stop, SynapseArray

ORIGIN = 0x40  # behind the exception vectors
MAX_CYCLES = 1_000_000
#: The assembler knows another encoding of wait, which the processor does not have.
MACROS = ".macro wait\n.long 0x7c00007c\n.endm\n"


@dataclass(frozen=True)
class Code:
    """Machine code, and the byte offset of every label."""

    data: bytes
    labels: dict[str, int]


@functools.cache
def code(source: str) -> Code:
    """Assemble a program; its labels can be told apart from outside."""
    with tempfile.TemporaryDirectory() as directory:
        built = assemble(MACROS + source + "\n", Path(directory))
        assert built.ok, built.messages
        elf = ELFFile(BytesIO(built.path.read_bytes()))
        assert not list(elf.iter_sections("SHT_RELA")), "the program needs a linker"
        symbols = elf.get_section_by_name(".symtab").iter_symbols()
        labels = {symbol.name: symbol["st_value"] for symbol in symbols if symbol.name}
        return Code(elf.get_section_by_name(".text").data(), labels)


@functools.cache
def _array() -> SynapseArray:
    return SynapseArray()


class Machine:
    """A processor with a program at `origin`; `at` gives the address of a label.

    `origin` is a data address, `fetch` what the program counter is there.
    """

    def __init__(
        self,
        source: str,
        *,
        origin: int = ORIGIN,
        fetch: int | None = None,
        array: SynapseArray | None = None,
        bus: Bus | None = None,
        **options: Any,
    ) -> None:
        self.cpu = Processor(array or _array(), bus=bus, **options)
        self.code = code(source)
        self.base = origin if fetch is None else fetch
        self.cpu.write(origin, self.code.data)
        self.cpu.set_registers(pc=self.base)

    def at(self, label: str) -> int:
        return self.base + self.code.labels[label]

    def run(self, *, max_cycles: int = MAX_CYCLES, **options: Any) -> Stop:
        return self.cpu.run(max_cycles=max_cycles, max_wall_s=20, **options)

    def set_gpr(self, values: dict[int, int]) -> None:
        gpr = self.cpu.registers()["gpr"]
        for number, value in values.items():
            gpr[number] = value & 0xFFFF_FFFF
        self.cpu.set_registers(gpr=gpr)

    def gpr(self, number: int) -> int:
        return self.cpu.registers()["gpr"][number]

    def word(self, address: int) -> int:
        return int.from_bytes(self.cpu.read(address, 4), "big")

    def put(self, address: int, *words: int) -> None:
        self.cpu.write(address, b"".join(word.to_bytes(4, "big") for word in words))

    def sites(self) -> dict[tuple[int, SiteKind], int]:
        return {(site.pc, site.kind): site.count for site in self.cpu.sites()}
