# SPDX-License-Identifier: BSD-3-Clause
"""A bare scalar processor for tests of the runtime: Unicorn, SRAM and external memory.

It has no vector unit, timers or cycle counts, and is independent of the model in nuxemu.
"""

from pathlib import Path

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import ppc_const as ppc

from nuxemu import memory_map as mm

TIMEOUT_US = 60_000_000


class ScalarMachine:
    """Loads an ELF file, runs it up to `exit`, and gives access to its memory."""

    def __init__(self, elf_path: Path) -> None:
        with open(elf_path, "rb") as stream:
            elf = ELFFile(stream)
            symbols = elf.get_section_by_name(".symtab").iter_symbols()
            self.symbols = {symbol.name: symbol["st_value"] for symbol in symbols}
            self.image = [
                (segment["p_vaddr"], segment.data())
                for segment in elf.iter_segments("PT_LOAD")
            ]
        self.engine = unicorn.Uc(unicorn.UC_ARCH_PPC, unicorn.UC_MODE_PPC32 | unicorn.UC_MODE_BIG_ENDIAN)
        self.engine.mem_map(mm.SRAM_BASE, mm.SRAM_SIZE)
        self.engine.mem_map(mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE)
        for address, data in self.image:
            self.engine.mem_write(address, data)
        self.reset_state = self.engine.context_save()

    def run(self) -> int:
        """Run from reset to the end; the (signed) return code."""
        self.engine.context_restore(self.reset_state)
        self.engine.emu_start(0, self.symbols["exit"], timeout=TIMEOUT_US)
        if self.engine.reg_read(ppc.UC_PPC_REG_PC) != self.symbols["exit"]:
            raise TimeoutError("the program did not end")
        # Through `exit` itself, up to its `wait`.
        self.engine.emu_start(self.symbols["exit"], self._wait_address(), count=100)
        raw = self.read(mm.RETURN_CODE_ADDRESS, 4)
        return int.from_bytes(raw, "big", signed=True)

    def _wait_address(self) -> int:
        address = self.symbols["exit"]
        while self.read(address, 4) != bytes.fromhex("7c00007c"):
            address += 4
        return address

    def read(self, where: int | str, size: int) -> bytes:
        address = self.symbols[where] if isinstance(where, str) else where
        return bytes(self.engine.mem_read(address, size))

    def write(self, where: int | str, data: bytes) -> None:
        address = self.symbols[where] if isinstance(where, str) else where
        self.engine.mem_write(address, data)

    @property
    def mailbox(self) -> str:
        """Text in the mailbox up to its first zero byte."""
        return self.read(mm.MAILBOX_BASE, mm.MAILBOX_SIZE).split(b"\0")[0].decode("ascii")
