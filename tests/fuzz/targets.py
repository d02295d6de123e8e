# SPDX-License-Identifier: BSD-3-Clause
"""What is fuzzed. A target makes the input of a case from a random source, and checks it."""

from pathlib import Path
from random import Random
from typing import Protocol

from fuzz.elf import ElfFiles
from fuzz.packets import Packets
from fuzz.programs import Programs
from fuzz.states import States


class Target(Protocol):
    """Kind of input; `make` and `check` depend on nothing but their arguments."""

    name: str
    unit: str  # of what check returns
    full_run: int  # how many of them a long run has

    def __init__(self, folder: Path) -> None:
        """Make what all cases share, in a folder of the target's own, unless it is there."""

    def make(self, rng: Random, case: int) -> bytes:
        """Input of a case."""

    def check(self, data: bytes, rng: Random, case: int) -> int:
        """Use the input; an exception is a finding. Returns how many units that was."""


TARGETS: dict[str, type[Target]] = {t.name: t for t in (ElfFiles, Programs, States, Packets)}


def sources(name: str, seed: int, case: int) -> tuple[Random, Random]:
    """Random sources for `make` and for `check`."""
    return Random(f"{name} {seed} {case} make"), Random(f"{name} {seed} {case} check")
