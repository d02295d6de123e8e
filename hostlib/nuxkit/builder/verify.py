# SPDX-License-Identifier: BSD-3-Clause
"""Proof that a linked program contains only what the processor has.

Every word of every executable section must be an instruction of the chip at its real
encoding, no instruction may depend on a known fault of the processor, and everything
must lie in memory that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nuxemu import memory_map as mm
from nuxemu.isa import disassemble as disassemble_vector
from nuxemu.isa import scalar, vector
from nuxkit.builder.capacity import REGIONS
from nuxkit.builder.diagnostics import Diagnostic, error
from nuxkit.builder.image import Image, Section, Variable

REQUIRED_FUNCTIONS = ("start", "__init", "exit")
REQUIRED_SYMBOLS = ("__stack_limit", "__stack_top", "__mailbox_start")

#: Name and window (start, size) of every section that the linker script makes.
WINDOWS: dict[str, tuple[int, int]] = {
    name: (base, region.size) for region in REGIONS for name, base in region.bases.items()
}
#: Instructions named one by one in the errors of a program.
MAX_SHOWN = 20
EXECUTABLE = (".text", "ext.text", "ext_dram.text")

#: Bits that the processor ignores but that change nothing we could mean.
_HARMLESS_RESERVED = ("sync", "mtcrf")
#: Extended opcodes of lwbrx, stwbrx, lhbrx and sthbrx.
_BYTE_REVERSED = (534, 662, 790, 918)
_SIGN_OF_DISPLACEMENT = 0x8000

Locate = Callable[[int], tuple[str | None, int | None, int | None]]
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
    return found + instruction_errors(image, locate, disassemble)


def has_runtime(image: Image) -> bool:
    """Whether a program was linked with our runtime."""
    return all(name in image.symbols for name in (*REQUIRED_FUNCTIONS, *REQUIRED_SYMBOLS))


def instruction_errors(image: Image, locate: Locate, disassemble: Disassemble) -> list[Diagnostic]:
    """Find words that are no good instruction, and data in code; parameters as for `verify`."""
    found = []
    problems: list[tuple[int, int, str]] = []
    for section in image.sections:
        if section.executable:
            inside = [
                variable
                for variable in image.variables
                if section.address <= variable.address < section.end
            ]
            found += [_misplaced(variable, section) for variable in inside]
            problems += _instruction_problems(section, inside)
    for address, word, problem in problems[:MAX_SHOWN]:
        text = disassemble_vector(word) or disassemble(address) or "not an instruction"
        found.append(error(f"{problem}: {text} ({word:#010x} at {address:#x})", *locate(address)))
    if len(problems) > MAX_SHOWN:
        found.append(error(f"{len(problems) - MAX_SHOWN} more words are not instructions of the "
                           "processor; is there data among the code?"))  # fmt: skip
    return found


def _misplaced(variable: Variable, section: Section) -> Diagnostic:
    return error(f"{variable.name} is data in the executable section {section.name}; "
                 "data belongs to .rodata, .data or .bss")  # fmt: skip


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
    top, limit = (image.symbols.get(name, 0) for name in ("__stack_top", "__stack_limit"))
    if top and (top != mm.STACK_TOP or limit > top):
        yield (
            f"the stack reaches from {limit:#x} to {top:#x}, must end at {mm.STACK_TOP:#x}; "
            "are __stack_limit or __stack_top defined by the program?"
        )
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
    section: Section, data: Sequence[Variable]
) -> Iterable[tuple[int, int, str]]:
    """Address, word and problem of what is no good instruction, outside of `data`."""
    if section.size % 4:
        yield section.end & ~3, 0, f"section {section.name} ends within an instruction"
    for address, word in section.words():
        if any(0 <= address - variable.address < variable.size for variable in data):
            continue
        is_vector = word >> 26 == vector.PRIMARY_OPCODE
        problem = _vector_problem(word) if is_vector else _scalar_problem(word)
        if problem:
            yield address, word, problem


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
    if insn is None and word >> 26 == 31 and word >> 1 & 0x3FF in _BYTE_REVERSED:
        return (
            "the processor has no byte-reversed loads and stores, which GCC makes of byte swaps; "
            "use nux_byte_swap32 or nux_byte_swap16 of nux/byte_swap.h"
        )
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
    """Find file, line and column of addresses of a program by its debug information."""
    program = None

    def locate(address: int) -> tuple[str | None, int | None, int | None]:
        nonlocal program
        from nuxkit.errors import ProgramFileError
        from nuxkit.program import Program

        try:
            program = program or Program.load(elf)
        except ProgramFileError:  # told by the other checks
            return None, None, None
        place = program.source_location(address)
        return (place.file, place.line, place.column or None) if place else (None, None, None)

    return locate
