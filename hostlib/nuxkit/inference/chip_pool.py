# SPDX-License-Identifier: BSD-3-Clause
"""Products of any size on one emulated chip, or on several, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError, NuxkitError
from nuxkit.hemispheres import HEMISPHERE_NAMES
from nuxkit.inference import AnalogArray, AnalogSpread
from nuxkit.inference.stage_times import StageTimes, now
from nuxkit.inference.tiles import join, tiles

Job = tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.int8]]  # hemisphere, inputs, weights

_WORKER = "import sys; from nuxkit.inference.chip_pool import serve; serve(int(sys.argv[1]))"


class _LocalChip:
    """Two arrays in this process; answers jobs in order."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arrays = [AnalogArray(hemisphere=name, **arguments) for name in HEMISPHERE_NAMES]
        self._results: list[npt.NDArray[np.int8]] = []

    def start(self, jobs: list[Job], options: dict[str, int]) -> None:
        self._results = [self._run(*job, options) for job in jobs]

    def _run(
        self,
        hemisphere: int,
        inputs: npt.NDArray[np.uint8],
        weights: npt.NDArray[np.int8],
        options: dict[str, int],
    ) -> npt.NDArray[np.int8]:
        array = self._arrays[hemisphere]
        array.set_weights(weights)
        return array.multiply(inputs, **options)[:, : weights.shape[1]]

    def results(self) -> list[npt.NDArray[np.int8]]:
        return self._results

    def close(self) -> None:
        pass


class _RemoteChip:
    """The same in a process of its own, which ends when the pipe is closed."""

    def __init__(self, number: int, arguments: dict[str, Any]) -> None:
        self._number = number
        self._pipe, other = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(other.fileno())],
            pass_fds=[other.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        other.close()
        self._working = False
        self._send(arguments)

    def start(self, jobs: list[Job], options: dict[str, int]) -> None:
        if self._working:  # an earlier call was interrupted before it took its answer
            self._answer()
        self._send((jobs, options))
        self._working = True

    def results(self) -> list[npt.NDArray[np.int8]]:
        answer = self._answer()
        if isinstance(answer, Exception):
            raise answer
        found: list[npt.NDArray[np.int8]] = answer
        return found

    def close(self) -> None:
        self._pipe.close()
        self._process.wait()

    def _answer(self) -> Any:
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            raise self._dead() from None
        self._working = False
        return answer

    def _send(self, message: Any) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            raise self._dead() from None

    def _dead(self) -> NuxkitError:
        self._pipe.close()
        code = self._process.wait()
        return NuxkitError(f"the process of chip {self._number} has ended (exit code {code})")


def serve(descriptor: int) -> None:
    """Be the process of a chip: answer what comes through the pipe until it is closed."""
    pipe = Connection(descriptor)
    try:
        chip = _LocalChip(pipe.recv())
        while True:
            jobs, options = pipe.recv()
            try:
                chip.start(jobs, options)
                answer: Any = chip.results()
            except Exception as error:
                answer = error
            pipe.send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        pass


class ChipPool:
    """Emulated chips that multiply matrices of any size together.

    A product is cut into tiles of 128 inputs and 256 outputs, see
    `nuxkit.inference.tiles.tiles`. They are dealt to the hemispheres in turn, and those that
    meet on one hemisphere follow each other in time. The result is the sum of the 8-bit results
    of the blocks of 128 inputs, saturated once to 8 bits: on ideal chips it does not depend on
    the number of chips, and equals `ideal_product`.

    Parameters
    ----------
    chips : int
        Number of chips. A single one runs in this process; several have a process each.
    spread : AnalogSpread
        How the chips deviate from the ideal.
    seed : int
        Chip ``i`` has the seed ``seed + i``.
    **array
        Further arguments of `nuxkit.inference.AnalogArray`.

    Attributes
    ----------
    times : StageTimes
        Where the time of `multiply` went.

    Raises
    ------
    nuxkit.InputError
        If the number of chips is not an integer of at least 1.
    """

    def __init__(
        self, chips: int = 1, *, spread: AnalogSpread | None = None, seed: int = 0, **array: Any
    ) -> None:
        if isinstance(chips, bool) or not isinstance(chips, int) or chips < 1:
            raise InputError(f"chips is {chips!r}, not an integer of at least 1")
        spread = AnalogSpread() if spread is None else spread
        # Wrong arguments are told here, not by another process.
        self._chips: list[_LocalChip | _RemoteChip] = [
            _LocalChip({"spread": spread, "seed": seed, **array})
        ]
        if chips > 1:
            self._chips = [
                _RemoteChip(i, {"spread": spread, "seed": seed + i, **array}) for i in range(chips)
            ]
        self.times = StageTimes()

    @property
    def arrays(self) -> int:
        """Number of arrays, two per chip."""
        return len(HEMISPHERE_NAMES) * len(self._chips)

    def multiply(
        self,
        inputs: npt.NDArray[np.uint8],
        weights: npt.NDArray[np.int8],
        *,
        num_sends: int = 1,
        wait_between_events: int = 5,
    ) -> npt.NDArray[np.int8]:
        """Multiply a batch of inputs with a weight matrix.

        Parameters
        ----------
        inputs : array of uint8, shape (batch, inputs)
            From 0 to 31.
        weights : array of int8, shape (inputs, outputs)
            From -63 to 63.
        num_sends : int
            How often each input is sent.
        wait_between_events : int
            Time between two events, in cycles of 8 ns.

        Returns
        -------
        array of int8, shape (batch, outputs)
            In counts of the converter, relative to each column's baseline.

        Raises
        ------
        nuxkit.InputError
            If shapes do not fit, or what `AnalogArray` raises.
        nuxkit.NuxkitError
            If the process of a chip has ended.
        """
        start = now()
        if inputs.ndim != 2 or weights.ndim != 2 or inputs.shape[1] != weights.shape[0]:
            raise InputError(
                f"inputs of shape {inputs.shape} and weights of shape {weights.shape} "
                "cannot be multiplied"
            )
        shape = inputs.shape[0], weights.shape[1]
        if 0 in inputs.shape or 0 in shape:
            return np.zeros(shape, np.int8)
        plan = tiles(weights.shape[0], weights.shape[1], self.arrays)
        jobs: list[list[Job]] = [[] for _ in self._chips]
        for tile in plan:
            chip, hemisphere = divmod(tile.array, len(HEMISPHERE_NAMES))
            jobs[chip].append((hemisphere, inputs[:, tile.rows], weights[tile.rows, tile.columns]))
        options = {"num_sends": num_sends, "wait_between_events": wait_between_events}
        cut = now()
        results = self._run(jobs, options)
        multiplied = now()
        each = [iter(of_chip) for of_chip in results]
        parts = [(tile, next(each[tile.array // len(HEMISPHERE_NAMES)])) for tile in plan]
        joined = join(shape, parts)
        self.times.partitioning += cut - start
        self.times.chip += multiplied - cut
        self.times.unpacking += now() - multiplied
        return joined

    def _run(
        self, jobs: list[list[Job]], options: dict[str, int]
    ) -> list[list[npt.NDArray[np.int8]]]:
        """Let all chips work at a time; results in the order of each chip's jobs."""
        for chip, own in zip(self._chips, jobs, strict=True):
            chip.start(own, options)
        return [chip.results() for chip in self._chips]

    def close(self) -> None:
        """End the processes of the chips."""
        for chip in self._chips:
            chip.close()

    def __enter__(self) -> ChipPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
