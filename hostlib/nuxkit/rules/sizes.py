# SPDX-License-Identifier: BSD-3-Clause
"""How much memory each rule of a program needs, and what to do when it is too much."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nuxkit.builder.compiler import Settings, compile_source
from nuxkit.builder.image import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE
from nuxkit.builder.runtime import runtime_root
from nuxkit.builder.toolchain import find_toolchain
from nuxkit.hemispheres import HEMISPHERES
from nuxkit.rules.instance import RuleInstance


def size_report(rules: Sequence[RuleInstance], wrappers: Mapping[str, str], optimize: str) -> str:
    """Sizes of the rules of a program that does not fit into the SRAM, and advice.

    Parameters
    ----------
    rules : sequence of RuleInstance
    wrappers : mapping of str to str
        Path of each rule's generated file, by name of the rule.
    optimize : str
        How they are compiled.
    """
    sizes = {rule.name: (*_sizes(wrappers[rule.name], optimize), _tables(rule)) for rule in rules}
    lines = ["SRAM of the rules (bytes: code, data, tables of synapses and neurons):"]
    lines += [
        f"  {name:<20}{code:>7}{data:>7}{tables:>7}" for name, (code, data, tables) in sizes.items()
    ]
    largest = max(sizes, key=lambda name: sum(sizes[name]))
    parts = dict(zip(("code", "data", "tables"), sizes[largest], strict=True))
    kind = max(parts, key=lambda name: parts[name])
    advice = {
        "code": "shorten it, move functions that are seldom used to the external memory "
        "(NUX_EXTERNAL_CODE)" + ("" if optimize == "-Os" else ', or build with optimize="-Os"'),
        "data": "make its arrays smaller, or move them to the external memory "
        "(NUX_EXTERNAL_DATA, NUX_EXTERNAL_BUFFER)",
        "tables": "give it fewer projections and populations",
    }[kind]
    lines.append(f"The {kind} of rule {largest} takes most: {advice}.")
    return "\n".join(lines)


def _sizes(wrapper: str, optimize: str) -> tuple[int, int]:
    """Code and data of a compiled rule in the SRAM."""
    from elftools.elf.elffile import ELFFile

    code = data = 0
    with tempfile.TemporaryDirectory(prefix="nuxkit-sizes-") as name:
        # The rule was built before: its own folders have been checked.
        settings = Settings(optimize=optimize, runtime=runtime_root(), readable=("/",))
        compiled = compile_source(find_toolchain(), wrapper, settings, Path(name))
        if compiled.object_path is None:
            return 0, 0  # its errors are reported already
        with open(compiled.object_path, "rb") as stream:
            for section in ELFFile(stream).iter_sections():
                flags = section["sh_flags"]
                if not flags & SHF_ALLOC or not section.name.startswith("."):
                    continue  # not in the SRAM
                if section.name == ".nux.rule":
                    continue
                if flags & SHF_EXECINSTR:
                    code += section["sh_size"]
                elif flags & SHF_WRITE or section.name.startswith(".rodata"):
                    data += section["sh_size"]
    return code, data


def _tables(rule: RuleInstance) -> int:
    """Bytes of the tables of a rule's synapses and neurons."""
    size = 0
    for site in rule.sites:
        size += 288 + max(len(site.columns_of(h)) for h in HEMISPHERES)
    for projection in rule.projections:
        size += max(len(projection.rows_of(h)) for h in HEMISPHERES)
    return size
