# SPDX-License-Identifier: BSD-3-Clause
"""Lines of source files, to be shown beside addresses."""

from __future__ import annotations

from pathlib import Path

_MAX_BYTES = 16 << 20


class SourceText:
    """Source files, each read once. One that is not there, or is no file of text, has no lines.

    Programs may come from another machine, and name anything.
    """

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """All lines of a file."""
        if file not in self._files:
            self._files[file] = _read(Path(file))
        return self._files[file]

    def line(self, file: str, number: int) -> str:
        """One line, counted from 1, without the blanks around it; empty if there is none."""
        lines = self.lines(file)
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _read(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return []
        return path.read_text(errors="replace").splitlines()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return []
