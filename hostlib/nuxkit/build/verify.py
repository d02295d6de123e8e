# SPDX-License-Identifier: BSD-3-Clause
"""Proof that a linked program contains only what the processor has.

Every word of every executable section must be an instruction of the chip at its real
encoding, no instruction may depend on a known fault of the processor, and everything
must lie in memory that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nuxemu import memory_map as mm
from nuxemu.isa import scalar, vector
from nuxkit.build.capacity import DRAM, EXTERNAL, SRAM
from nuxkit.build.diagnostics import Diagnostic, error
from nuxkit.build.image import Image, Section

REQUIRED_FUNCTIONS = ("start", "__init", "exit")
REQUIRED_SYMBOLS = ("__stack_limit", "__stack_top", "__mailbox_start")

#: Name and window (start, size) of every section that the linker script makes.
_SRAM_WINDOW = (mm.SRAM_BASE, SRAM.size)
WINDOWS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(SRAM.sections, _SRAM_WINDOW),
    "ext.text": (mm.EXTMEM_FETCH_BASE, EXTERNAL.size),
    "ext.data": (mm.EXTMEM_DATA_BASE, EXTERNAL.size),
    "ext.bss": (mm.EXTMEM_DATA_BASE, EXTERNAL.size),
    "ext_dram.text": (mm.DRAM_FETCH_BASE, DRAM.size),
    "ext_dram.data": (mm.DRAM_DATA_BASE, DRAM.size),
    "ext_dram.bss": (mm.DRAM_DATA_BASE, DRAM.size),
}
EXECUTABLE = (".text", "ext.text", "ext_dram.text")

#: Bits that the processor ignores but that change nothing we could mean.
_HARMLESS_RESERVED = ("sync", "mtcrf")
_SIGN_OF_DISPLACEMENT = 0x8000

Locate = Callable[[int], tuple[str | None, int | None]]
Disassemble = Callable[[int], str]


def verify(image: Image, locate: Locate, disassemble: Disassemble) -> list[Diagnostic]:
    """Everything that is wrong with a linked program.

    Parameters
    ----------
    image : Image
    locate : callable
        Gives file and line of an address.
    disassemble : callable
        Gives the text of the instruction at an address, as the public tools name it.

    Returns
    -------
    list of Diagnostic
        Errors by address; empty for a good program.
    """
    found = [error(text) for text in (*_symbol_problems(image), *_section_problems(image))]
    for section in image.sections:
        if section.executable:
            for address, text in _instruction_problems(section, disassemble):
                found.append(error(text, *locate(address)))
    return found


def _symbol_problems(image: Image) -> Iterable[str]:
    functions = {function.name for function in image.functions}
    for name in REQUIRED_FUNCTIONS:
        if name not in image.symbols:
            yield f"the program has no function {name}()"
        elif name not in functions:
            yield f"{name} is not a function"
    for name in REQUIRED_SYMBOLS:
        if name not in image.symbols:
            yield f"the program has no symbol {name}: was it linked with the nuxkit linker script?"
    if image.symbols.get("__init", mm.INIT_ADDRESS) != mm.INIT_ADDRESS:
        yield f"__init is at {image.symbols['__init']:#x}, must be at {mm.INIT_ADDRESS:#x}"


def _section_problems(image: Image) -> Iterable[str]:
    for section in image.sections:
        if section.name not in WINDOWS:
            yield (
                f"section {section.name} ({section.size} bytes) has no place on the chip; "
                f"known sections: {', '.join(WINDOWS)}"
            )
            continue
        begin, size = WINDOWS[section.name]
        if section.address < begin or section.end > begin + size:
            yield (
                f"section {section.name} is at {section.address:#x} to {section.end:#x}, outside "
                f"its memory ({begin:#x} to {begin + size:#x})"
            )
        if section.executable and section.name not in EXECUTABLE:
            yield f"section {section.name} contains code; code belongs to {', '.join(EXECUTABLE)}"


def _instruction_problems(
    section: Section, disassemble: Disassemble
) -> Iterable[tuple[int, str]]:
    if section.size % 4:
        yield section.end - section.size % 4, f"section {section.name} ends within an instruction"
    for address, word in section.words():
        if word >> 26 == vector.PRIMARY_OPCODE:
            problem = _vector_problem(word)
        else:
            problem = _scalar_problem(word)
        if problem:
            text = disassemble(address)
            yield address, f"{problem}: {text or 'not an instruction'} ({word:#010x} at {address:#x})"


def _vector_problem(word: int) -> str | None:
    insn = vector.decode(word)
    if insn is None:
        return "the processor has no such vector instruction (AltiVec is not available)"
    if insn.form.kind is vector.Kind.SPLAT and not word >> 16 & 0x1F:
        return (
            "a splat from r0 may read an old value on the chip; use another register (the "
            "functions in nux/fxv.h do)"
        )
    return None


def _scalar_problem(word: int) -> str | None:
    insn = scalar.decode(word)
    if insn is None:
        return (
            "the processor does not have this instruction and would silently skip it; write the "
            "C code differently, or the assembler code without it"
        )
    if insn.mnemonic in ("lha", "lhau") and word & _SIGN_OF_DISPLACEMENT:
        return (
            "the chip reads a wrong address for lha and lhau with a negative displacement; use "
            "lhz and extsh"
        )
    if word & insn.reserved and insn.mnemonic not in _HARMLESS_RESERVED:
        return "this form is not an instruction of the processor, which ignores some of its bits"
    return None


def locator(elf: Path) -> Locate:
    """Find file and line of addresses of a program by its debug information."""
    program = None

    def locate(address: int) -> tuple[str | None, int | None]:
        nonlocal program
        from nuxkit.errors import ProgramFileError
        from nuxkit.program import Program

        try:
            program = program or Program.load(elf)
        except ProgramFileError:  # told by the other checks
            return None, None
        place = program.source_location(address)
        return (place.file, place.line) if place else (None, None)

    return locate
