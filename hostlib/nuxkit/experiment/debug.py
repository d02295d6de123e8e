# SPDX-License-Identifier: BSD-3-Clause
"""Runs of an experiment as debuggers let them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from nuxemu import ChipEnd
from nuxkit.debug import DebugSession
from nuxkit.hemispheres import HEMISPHERES

from .session import Session


class _KilledError(Exception):
    """A debugger has ended the run."""


def debug_run(
    session: Session,
    cycles: int,
    hemispheres: Sequence[int],
    port: int,
    announce: Callable[[str], object],
) -> None:
    """Run an experiment's chip for some cycles, or until a debugger kills it."""
    chip = session.chip
    with closing(DebugSession(chip, hemispheres, port)) as debuggers:
        announce(debuggers.greeting(lambda h: str(chip.program(h).path)))

        def run_chip(until: int, max_wall_s: float) -> ChipEnd:
            working = [h for h in HEMISPHERES if chip.is_running(h)]
            debuggers.serve(until)
            if debuggers.killed:
                raise _KilledError
            if any(chip.ppu[h].stop.reason.is_trap for h in working):
                return ChipEnd.STOPPED
            return chip.model.run(until, max_wall_s=max_wall_s)

        try:
            session.run(cycles, float("inf"), run_chip)
        except _KilledError:
            return
        debuggers.tell_end()
