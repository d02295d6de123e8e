# SPDX-License-Identifier: BSD-3-Clause
"""What a program takes of the chip's memory, and what is left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nuxemu import memory_map as mm
from nuxkit.builder.capacity import DRAM, EXTERNAL, SECTION_NAMES, SRAM
from nuxkit.builder.image import Image
from nuxkit.builder.stack import StackBound


@dataclass(frozen=True)
class BuildReport:
    """Memory use of a program; all sizes in bytes.

    Attributes
    ----------
    code, constants, data, zeroed : int
        Sections .text, .rodata, .data and .bss in SRAM.
    mailbox : int
        The end of the SRAM, kept for text to the host.
    stack : StackBound
        Worst-case stack of the program.
    stack_space : int
        SRAM that is left for the stack.
    external : int
        External memory in use, of 128 KiB.
    dram : int
        External DRAM in use, of 256 MiB.
    """

    code: int
    constants: int
    data: int
    zeroed: int
    mailbox: int
    stack: StackBound
    stack_space: int
    external: int
    dram: int

    @property
    def free(self) -> int:
        """SRAM that neither data nor the bounded (or known part of the) stack needs."""
        return self.stack_space - self.stack.at_least

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, `free` included."""
        return {**asdict(self), "free": self.free}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BuildReport:
        """Inverse of `to_dict`."""
        plain = {name: value for name, value in values.items() if name not in ("free", "stack")}
        stack = dict(values["stack"])
        stack["deepest"] = tuple(stack["deepest"])
        stack["reasons"] = tuple(map(tuple, stack["reasons"]))
        return cls(**plain, stack=StackBound(**stack))

    def __str__(self) -> str:
        rows: list[tuple[str, int | str, str]] = [
            ("code", self.code, ""),
            ("constants", self.constants, ""),
            ("data", self.data, ""),
            ("zeroed data", self.zeroed, ""),
            ("stack, at most" if self.stack.size is not None else "stack, at least",
             self.stack.at_least, self.stack.reason or " -> ".join(self.stack.deepest)),
            ("free", self.free, f"of {SRAM.size}"),
            ("mailbox", self.mailbox, "reserved"),
        ]  # fmt: skip
        if self.external:
            rows.append(("external memory", self.external, f"of {EXTERNAL.size}"))
        if self.dram:
            rows.append(("external DRAM", self.dram, f"of {DRAM.size}"))
        return "\n".join(f"{name:<16}{size:>7} bytes  {note}".rstrip() for name, size, note in rows)


def make_report(image: Image, stack: StackBound) -> BuildReport:
    """Report on a verified program."""
    sizes = {name: image.size(section) for section, name in SECTION_NAMES.items()}
    return BuildReport(
        code=sizes["code"],
        constants=sizes["constants"],
        data=sizes["data"],
        zeroed=sizes["zeroed data"],
        mailbox=mm.MAILBOX_SIZE,
        stack=stack,
        stack_space=image.symbols["__stack_top"] - image.symbols["__stack_limit"],
        external=EXTERNAL.used(image),
        dram=DRAM.used(image),
    )


def stack_problem(report: BuildReport) -> str | None:
    """Sentence if the stack can meet the data; None if not, or if there is no bound."""
    if report.stack.size is None or report.free >= 0:
        return None
    return (
        f"the stack can grow to {report.stack.size} bytes ({' -> '.join(report.stack.deepest)}), "
        f"but code and data leave only {report.stack_space} of the {SRAM.size} bytes of SRAM: "
        "make local arrays smaller or static, or move data to the external memory "
        "(NUX_EXTERNAL_DATA, NUX_EXTERNAL_BUFFER)"
    )
