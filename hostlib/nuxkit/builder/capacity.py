# SPDX-License-Identifier: BSD-3-Clause
"""How much memory there is, and the sentence for a program that needs more."""

from __future__ import annotations

from dataclasses import dataclass

from nuxemu import memory_map as mm
from nuxkit.builder.image import Image

LARGEST_SHOWN = 3

#: What a section is called in reports.
SECTION_NAMES = {".text": "code", ".rodata": "constants", ".data": "data", ".bss": "zeroed data"}


@dataclass(frozen=True)
class Region:
    """A memory, the sections that share it, and what helps when it is full.

    Attributes
    ----------
    name : str
    size : int
        Bytes.
    bases : dict
        Address at which each section sees the memory's first byte.
    advice : str
    """

    name: str
    size: int
    bases: dict[str, int]
    advice: str

    def used(self, image: Image) -> int:
        """Bytes from its start to the end of the last section, a multiple of 8."""
        ends = (
            section.end - self.bases[section.name]
            for section in image.sections
            if section.name in self.bases
        )
        return (max(ends, default=0) + 7) & ~7


#: SRAM below the mailbox and the words for the return code.
SRAM = Region(
    "SRAM", mm.STACK_TOP - mm.SRAM_BASE, dict.fromkeys(SECTION_NAMES, mm.SRAM_BASE),
    "make arrays smaller, build with -Os, or move functions (NUX_EXTERNAL_CODE) and variables "
    "(NUX_EXTERNAL_DATA, NUX_EXTERNAL_BUFFER) to the external memory",
)  # fmt: skip
EXTERNAL = Region(
    "external memory", mm.EXTMEM_SIZE,
    {"ext.text": mm.EXTMEM_FETCH_BASE, "ext.data": mm.EXTMEM_DATA_BASE,
     "ext.bss": mm.EXTMEM_DATA_BASE},
    "make arrays smaller, or move them to the external DRAM (NUX_DRAM_DATA, NUX_DRAM_BUFFER)",
)  # fmt: skip
DRAM = Region(
    "external DRAM", mm.DRAM_SIZE,
    {"ext_dram.text": mm.DRAM_FETCH_BASE, "ext_dram.data": mm.DRAM_DATA_BASE,
     "ext_dram.bss": mm.DRAM_DATA_BASE},
    "make arrays smaller",
)  # fmt: skip
REGIONS = (SRAM, EXTERNAL, DRAM)


def overflow_sentences(image: Image) -> list[str]:
    """One sentence for each memory that the program does not fit in."""
    reserve = image.symbols.get("__stack_reserve", 0)
    sentences = []
    for region in REGIONS:
        kept = reserve if region is SRAM else 0
        excess = region.used(image) + kept - region.size
        if excess <= 0:
            continue
        sizes = {name: image.size(name) for name in region.bases if image.size(name)}
        parts = ", ".join(
            f"{name} {size}" + (f" ({SECTION_NAMES[name]})" if name in SECTION_NAMES else "")
            for name, size in sizes.items()
        )
        largest = max(sizes, key=lambda name: sizes[name])
        stack = f" and at least {kept} for the stack" if kept else ""
        sentences.append(
            f"section {largest} is too large: the program needs {excess} bytes more than the "
            f"{region.size} of the {region.name} ({parts}{stack}; largest: "
            f"{_largest_objects(image)}): {region.advice}"
        )
    return sentences


def _largest_objects(image: Image) -> str:
    sizes = [(variable.size, variable.name) for variable in image.variables]
    sizes += [(code.end - code.address, f"{code.name}()") for code in image.sized_functions]
    largest = sorted(sizes, reverse=True)[:LARGEST_SHOWN]
    return ", ".join(f"{name} {size} bytes" for size, name in largest)
