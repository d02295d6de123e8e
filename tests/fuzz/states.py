# SPDX-License-Identifier: BSD-3-Clause
"""Damaged saved states: files, and what is in them, restored and run on."""

from pathlib import Path
from random import Random

from fuzz.mutation import mutate
from fuzz.programs import Programs, run
from nuxemu import ChipModel, NeuronParameters, StopReason
from nuxemu.chip_state import ChipState, StateError

#: Every so many cases the file is damaged, not its content: nearly all of these are refused.
OF_THE_FILE = 10


class States:
    """Saved states of a chip with damage."""

    name = "states"
    unit = "states"
    full_run = 5_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        base = folder / "base.npz"
        if not base.exists():
            _busy_state().write(base)
        self._file = base.read_bytes()
        self._state = ChipState.read(base)
        self._names = sorted(self._state.sections)
        self._model = ChipModel(1, neurons=NeuronParameters())

    def make(self, rng: Random, case: int) -> bytes:
        """Whole file, or index and new content of one section."""
        name = rng.randrange(len(self._names))
        of_the_file = case % OF_THE_FILE == 0
        data = bytearray(self._file if of_the_file else self._state.sections[self._names[name]])
        for _ in range(rng.choice((1, 1, 2, 4))):
            length = 4 ** rng.randrange(2, 12)
            ends = [(0, length), (len(data) - length if length < len(data) else 0, len(data))]
            mutate(rng, data, ends)
        return bytes(data if of_the_file else bytes([name]) + data)

    def check(self, data: bytes, rng: Random, case: int) -> int:
        if case % OF_THE_FILE == 0:
            path = self._folder / "case.npz"
            path.write_bytes(data)
            try:
                state = ChipState.read(path)
            except StateError:
                return 1
        else:
            state = ChipState({**self._state.sections, self._names[data[0]]: data[1:]})
        model = self._model
        try:
            model.restore(state)
        except StateError:
            return 1
        for _ in range(3):
            model.run(min(model.cycle + 5000, 2**62), max_wall_s=20)
            for hemisphere, cpu in enumerate(model.processors):
                assert cpu.stop.reason not in (StopReason.ENGINE, StopReason.WALL_LIMIT)
                if not model.is_at_work(hemisphere):
                    model.start(hemisphere)
        for array in model.arrays:
            array.read_correlation()
        model.save()
        return 1


def _busy_state() -> ChipState:
    """A chip in the middle of a random program."""
    rng = Random(11)
    return run(Programs(None).make(rng, 0), rng, 8)[1]
