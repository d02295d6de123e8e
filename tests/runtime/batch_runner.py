# SPDX-License-Identifier: BSD-3-Clause
"""Runs float_ops.c and int_ops.c over arrays on the emulated processor."""

from pathlib import Path

import numpy as np

from nuxemu import SiteKind
from nuxkit import Chip, build

HERE = Path(__file__).parent
BATCH_SIZE = 4096


class Batch:
    """Operations of one program (float_ops.c, int_ops.c) over arrays of operands."""

    def __init__(self, source: str, optimize: str, names: list[str]) -> None:
        self.program = build(HERE / source, HERE / "batch.c", optimize=optimize).program
        self.names = names

    def __call__(self, name: str, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
        """Result words (uint64) of operation `name` on the words of `a` and `b`."""
        chip = Chip()
        chip.load(self.program)
        place = self.program.symbols["batch"].address
        words = [np.asarray(x, np.uint64) for x in (a, a if b is None else b)]
        results = []
        for begin in range(0, len(a), BATCH_SIZE):
            parts = [word[begin : begin + BATCH_SIZE] for word in words]
            for index, part in enumerate(parts):
                chip.ppu[0].write(place + 8 * BATCH_SIZE * index, part.astype(">u8").tobytes())
            chosen = {"operation": self.names.index(name), "count": len(parts[0])}
            result = chip.run(symbols=chosen)
            assert result.return_code == 0
            # The model reports what differs from the Power ISA, such as shifts by 32.
            expected = {SiteKind.FLOAT, *([SiteKind.DIVIDE] if not parts[1].all() else [])}
            assert {remark.kind for remark in result.remarks} <= expected
            raw = chip.ppu[0].read(place + 16 * BATCH_SIZE, 8 * len(parts[0]))
            results.append(np.frombuffer(raw, ">u8").astype(np.uint64))
        return np.concatenate(results)
