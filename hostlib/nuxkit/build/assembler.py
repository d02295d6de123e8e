# SPDX-License-Identifier: BSD-3-Clause
"""Assembling behind the macros of the chip, and what the assembler has to say."""

from __future__ import annotations

import re
from pathlib import Path

from nuxkit.build import toolchain
from nuxkit.build.diagnostics import Diagnostic, Severity
from nuxkit.build.toolchain import Toolchain

#: Included before the user's code, in this order.
INCLUDES = ("fxv.inc", "guards.inc")
_MESSAGE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<kind>Error|Warning): (?P<text>.*)$")


def assemble(
    tools: Toolchain, assembly: Path, object_path: Path, runtime: Path, source: str, *, is_c: bool
) -> list[Diagnostic]:
    """Assemble `assembly` into `object_path` and give the diagnostics at `source`."""
    includes = "".join(f'.include "{name}"\n' for name in INCLUDES)
    wrapper = assembly.with_name("wrapper.s")
    wrapper.write_text(f'{includes}.include "{assembly.name}"\n')
    done = toolchain.run([
        tools.assembler, "-a32", "-many", *(() if is_c else ("-mregnames",)),
        "-I", str(runtime / "asm"), "-I", str(assembly.parent),
        str(wrapper), "-o", str(object_path),
    ])  # fmt: skip
    found = []
    for text in done.stderr.splitlines():
        if match := _MESSAGE.match(text):
            severity: Severity = "error" if match["kind"] == "Error" else "warning"
            found.append(Diagnostic(severity, match["text"], source, int(match["line"])))
    if done.returncode != 0 and not found:
        found.append(Diagnostic("error", done.stderr.strip(), source))
    return found
