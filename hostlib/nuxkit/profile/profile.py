# SPDX-License-Identifier: BSD-3-Clause
"""The profile of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from nuxkit.program import Program

from .costs import (
    Cost,
    FunctionCost,
    LineCost,
    Place,
    cost_of,
    function_costs,
    line_costs,
    places_of,
)
from .rules import RuleCost
from .stacks import entries, fold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Profile:
    """Where the cycles of one processor went. Every cycle is counted once, in one place.

    Attributes
    ----------
    program : Program
        What ran.
    hemisphere : int
        Where: 0 top, 1 bottom.
    instructions : structured ndarray
        Instructions that ran, by address: ``pc``, ``executed``, ``cycles``, and ``waits``, those
        cycles in which the instruction waited, by the value of `nuxemu.Wait`.
    rules : tuple of RuleCost
        What invocations of rules took, if rules ran.
    """

    program: Program
    hemisphere: int
    instructions: npt.NDArray[Any] = field(repr=False)
    rules: tuple[RuleCost, ...] = ()

    @cached_property
    def total(self) -> Cost:
        """Sum over all instructions."""
        return Cost(**cost_of(self.instructions))

    @cached_property
    def _places(self) -> list[Place]:
        return places_of(self.program, self.instructions)

    @cached_property
    def lines(self) -> list[LineCost]:
        """Costs of source lines, the most cycles first."""
        return line_costs(self._places, self.instructions)

    @cached_property
    def functions(self) -> list[FunctionCost]:
        """Costs of functions, the most cycles of their own first."""
        return function_costs(
            self._places,
            self.instructions,
            self.folded,
            entries(self.program, self._places, self.instructions),
        )

    @cached_property
    def folded(self) -> Mapping[tuple[str, ...], int]:
        """Cycles by call path, outermost function first.

        What a function with several callers took is shared among them by the number of their
        calls; those through pointers begin paths of their own.
        """
        return fold(self.program, self._places, self.instructions)

    @property
    def attributed(self) -> float:
        """Part of the cycles, 0 to 1, for which there is a source line."""
        known = sum(line.cycles for line in self.lines if line.line)
        return known / self.total.cycles if self.total.cycles else 1.0

    def text(self, top: int = 20) -> str:
        """Tables of waits, rules, functions and lines, the `top` most expensive of each."""
        from .report import profile_text

        return profile_text(self, top)

    def annotated(self) -> str:
        """Source text with cycles and instructions beside each line that ran."""
        from .report import annotated_text

        return annotated_text(self)

    def folded_text(self) -> str:
        """Call paths in the format of flame-graph tools: ``outer;inner cycles``."""
        return "".join(f"{';'.join(stack)} {cycles}\n" for stack, cycles in self.folded.items())

    def as_dict(self) -> dict[str, Any]:
        """Everything as values that JSON knows."""
        return {
            "program": os.fspath(self.program.path),
            "hemisphere": self.hemisphere,
            "total": asdict(self.total),
            "attributed": self.attributed,
            "rules": [asdict(rule) for rule in self.rules],
            "functions": [asdict(function) for function in self.functions],
            "lines": [asdict(line) for line in self.lines],
            "instructions": [
                {"address": pc, "executed": executed, "cycles": cycles}
                for pc, executed, cycles in self.instructions[["pc", "executed", "cycles"]].tolist()
            ],
            "folded": {";".join(stack): cycles for stack, cycles in self.folded.items()},
        }

    def flame_graph(self, ax: Axes | None = None) -> Axes:
        """Draw call paths as bars as wide as their part of the cycles.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on.
        """
        from .picture import flame_graph

        return flame_graph(self.folded, ax)
