# SPDX-License-Identifier: BSD-3-Clause
"""Linking a program, and the linker's errors as sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from nuxkit.builder import toolchain
from nuxkit.builder.capacity import overflow_sentences
from nuxkit.builder.diagnostics import Diagnostic, error
from nuxkit.builder.image import read_image
from nuxkit.builder.runtime import Runtime
from nuxkit.builder.toolchain import Toolchain
from nuxkit.errors import ToolchainError
from nuxkit.linker_stubs import STUB_BYTES, STUB_END, stub_destination

_UNDEFINED = re.compile(
    r"^(?:[^:\n]*ld: )?(?:(?P<file>[^:(\n]+):(?:(?P<line>\d+)|\([^)]*\)): |.*\([^)]*\): )"
    r"(?:more )?undefined reference(?:s)? to `(?P<symbol>[^']+)'"
)
_DUPLICATE = re.compile(
    r"^(?:[^:\n]*ld: )?(?:[^:\n]+\.o:)?(?P<file>[^:\n]+):(?:(?P<line>\d+)|\([^)]*\)): "
    r"multiple definition of `(?P<symbol>[^']+)'; (?:[^:\n]+\.o:)?(?P<first>.*): "
    r"first defined here"
)
_WARNING = re.compile(r"^.*\bwarning: (?P<text>.*)$")
_OVERFLOW = re.compile(
    r"region `\w+' overflowed|is not within region|will not fit in region|"
    r"less than __stack_reserve bytes|section \S+ VMA \S+ overlaps"
)

#: GCC's helpers for double precision: __adddf3, __extendsfdf2, __fixdfsi, ...
_DOUBLE = re.compile(r"^__(?:[a-z]*df[a-z]{0,2}\d?|truncdfsf2|fix(?:uns)?dfsi|trunctfdf2)$")
_HOSTED = {
    "printf": "nux_mailbox_write_string and its relatives in nux/mailbox.h",
    "puts": "nux_mailbox_write_string", "putchar": "nux_mailbox_write_char",
    "sprintf": "nux_mailbox_write_string and its relatives in nux/mailbox.h",
    "snprintf": "nux_mailbox_write_string and its relatives in nux/mailbox.h",
    "malloc": "static arrays", "calloc": "static arrays", "realloc": "static arrays",
    "free": "static arrays", "abort": "exit(code)", "usleep": "nux_sleep_cycles",
}  # fmt: skip


def link(
    tools: Toolchain, objects: Mapping[str, Path], runtime: Runtime, output: Path
) -> list[Diagnostic]:
    """Link objects with the runtime into `output`.

    Parameters
    ----------
    tools : Toolchain
    objects : mapping of str to pathlib.Path
        Object file of every source.
    runtime : Runtime
    output : pathlib.Path
        Program to write.

    Returns
    -------
    list of Diagnostic
        Without errors when the program was linked.
    """
    command = [
        tools.linker, "-T", str(runtime.script), "-z", "max-page-size=16", "-z", "noexecstack",
        "--no-warn-rwx-segments", "-o", str(output), str(runtime.start_up),
        *map(str, objects.values()), str(runtime.library),
    ]  # fmt: skip
    done = toolchain.run(command)
    if done.returncode == 0:
        _name_stubs(tools, output)
        warnings = (_WARNING.match(line) for line in done.stderr.splitlines())
        return [Diagnostic("warning", match["text"]) for match in warnings if match]
    found = _translate(done.stderr, list(objects))
    if _OVERFLOW.search(done.stderr):
        # Once more with a program that is too large, to measure it.
        toolchain.run([command[0], "--noinhibit-exec", *command[1:]])
        if output.exists():
            found += [error(text) for text in overflow_sentences(read_image(output))]
    return found or [error(done.stderr.strip() or "the linker failed without a message")]


def _name_stubs(tools: Toolchain, program: Path) -> None:
    """Give names to the linker's bridges to far code; without, GDB loses its way in them."""
    if STUB_END not in program.read_bytes():
        return
    image = read_image(program)
    names = {function.address: function.name for function in image.functions}
    options = []
    for section in (each for each in image.sections if each.executable):
        code = list(section.words())
        for at in range(len(code) - STUB_BYTES // 4 + 1):
            to = stub_destination([word for _, word in code[at : at + STUB_BYTES // 4]])
            if to in names:
                place = f"{section.name}:{code[at][0] - section.address:#x}"
                options += ["--add-symbol", f"__bridge_{names[to]}={place},local,function"]
    if options:
        done = toolchain.run([tools.objcopy, *options, str(program)])
        if done.returncode != 0:
            raise ToolchainError(done.stderr.strip() or "objcopy failed without a message")


def _translate(output: str, sources: Sequence[str]) -> list[Diagnostic]:
    spelled = {os.path.abspath(source): source for source in sources}
    found: dict[str, Diagnostic] = {}
    for text in output.splitlines():
        if match := _UNDEFINED.match(text):
            symbol = match["symbol"]
            sentence = _undefined(symbol)
        elif match := _DUPLICATE.match(text):
            symbol = match["symbol"]
            first = match["first"]
            for path, name in spelled.items():
                first = first.replace(path, name)
            sentence = f"{symbol} is defined a second time; first in {first}"
        else:
            continue
        line = int(match["line"]) if match["line"] else None
        file = spelled.get(os.path.abspath(match["file"]), match["file"]) if line else None
        found.setdefault(symbol, error(sentence, file, line))
    return list(found.values())


def _undefined(symbol: str) -> str:
    if symbol == "start":
        return "no function start(): a kernel is a function `int start(void)`"
    if _DOUBLE.match(symbol):
        return (
            f"double precision is not supported (GCC calls {symbol}): use float, and write "
            "constants with an f, such as 1.0f"
        )
    if symbol in _HOSTED:
        return f"{symbol} does not exist on the chip; use {_HOSTED[symbol]}"
    return f"{symbol} is not defined in any of the sources"
