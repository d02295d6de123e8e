# SPDX-License-Identifier: BSD-3-Clause
"""A bar that shows how far a long run is, on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

#: Wall time (s) before the bar appears.
_DELAY_S = 1.0


class Progress:
    """Shows hardware time on standard error if that is a terminal; nothing otherwise.

    Parameters
    ----------
    total_s : float
        Hardware time that the run takes.
    """

    def __init__(self, total_s: float) -> None:
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(
                total=total_s * 1e3, unit="ms", delay=_DELAY_S, leave=False, desc="hardware time",
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.3g}/{total:.3g} ms "
                "[{elapsed}<{remaining}]",
            )  # fmt: skip

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, done_s: float) -> None:
        """Show that so much hardware time of the run has passed."""
        if self._bar is not None:
            self._bar.update(done_s * 1e3 - self._bar.n)
