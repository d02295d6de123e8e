# SPDX-License-Identifier: BSD-3-Clause
"""Worker processes on this machine, each of which may die without harm to the sweep."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any

from nuxkit.errors import InputError, NuxkitError
from nuxkit.sweeps.starter import environment, starter
from nuxkit.sweeps.task import Outcome, Task
from nuxkit.sweeps.worker import READY

#: A point during which so many workers died is given up.
MAX_DEATHS = 3
_POLL_S = 0.5
#: Tasks a worker has at a time: the next one is there when it ends the first.
_QUEUED = 2


class _Worker:
    """One process, its end of the pipe and the tasks it has, the one in progress first."""

    def __init__(self, function_bytes: bytes) -> None:
        self.ready = False
        self.tasks: deque[Task] = deque()
        self._code: int | None = None
        self._starter = starter()
        self._process, self.pipe = self._starter.start()
        self._send(pickle.dumps((os.getcwd(), environment(), sys.path, function_bytes)))

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        self._send(pickle.dumps(task))

    def _send(self, message: bytes) -> None:
        with contextlib.suppress(OSError):  # it died; the end of the pipe tells
            self.pipe.send_bytes(message)

    def answers(self, *, ask: bool) -> tuple[list[Any], bool]:
        """Answers that have come, and whether the process lives; `ask`: also if its pipe does."""
        alive = not (ask and self._has_ended())
        found = []
        try:
            while self.pipe.poll():
                found.append(pickle.loads(self.pipe.recv_bytes()))
        except (OSError, EOFError):
            alive = False
            self._wait_for_the_end()
        return found, alive

    def end(self) -> int:
        """End it if it lives; gives its exit code."""
        self.pipe.close()
        if not self._has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._code = self._starter.exit_code(self._process, wait=True)
        assert self._code is not None
        return self._code

    def _has_ended(self) -> bool:
        if self._code is None:
            self._code = self._starter.exit_code(self._process, wait=False)
        return self._code is not None

    def _wait_for_the_end(self) -> None:
        """Wait a little: its end of the pipe closes shortly before it has an exit code."""
        deadline = time.monotonic() + _POLL_S
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(0.001)


def run_local(
    function: Callable[..., Any], tasks: Sequence[Task], workers: int
) -> Iterator[Outcome]:
    """Compute tasks in processes of this machine; gives outcomes as they come.

    Raises
    ------
    InputError
        The function cannot be sent to another process.
    NuxkitError
        Processes cannot be started.
    """
    import cloudpickle  # type: ignore[import-untyped, unused-ignore]

    try:
        function_bytes = cloudpickle.dumps(function)
    except Exception as error:
        raise InputError(
            f"the function cannot be sent to a worker process ({type(error).__name__}: {error}); "
            "workers=0 computes in this process"
        ) from error
    waiting = deque(tasks)
    deaths: Counter[int] = Counter()
    failed_starts = 0
    pool: list[_Worker] = []
    try:
        while waiting or any(worker.tasks for worker in pool):
            unfinished = len(waiting) + sum(len(worker.tasks) for worker in pool)
            while len(pool) < min(workers, unfinished):
                pool.append(_Worker(function_bytes))
            _hand_out(waiting, pool, workers)
            changed = wait([worker.pipe for worker in pool], timeout=_POLL_S)
            for worker in list(pool):
                answers, alive = worker.answers(ask=not changed)
                for answer in answers:
                    if isinstance(answer, Outcome):
                        worker.tasks.popleft()
                        yield answer
                    elif answer != READY:
                        raise InputError(f"a worker process cannot load the function: {answer}")
                    else:
                        worker.ready, failed_starts = True, 0
                if alive:
                    continue
                pool.remove(worker)
                code = worker.end()
                if not worker.ready:
                    failed_starts += 1
                    if failed_starts == MAX_DEATHS * workers:
                        raise NuxkitError(
                            f"worker processes cannot be started: they ended with {_how(code)}"
                        )
                elif worker.tasks:
                    task = worker.tasks.popleft()
                    deaths[task.index] += 1
                    if deaths[task.index] == MAX_DEATHS:
                        text = f"{MAX_DEATHS} worker processes died, the last by {_how(code)}"
                        yield Outcome(task.index, None, text)
                    else:
                        waiting.appendleft(task)
                waiting.extendleft(reversed(worker.tasks))
    finally:
        for worker in pool:
            worker.end()


def _hand_out(waiting: deque[Task], pool: Sequence[_Worker], workers: int) -> None:
    for depth in range(1, _QUEUED + 1):
        for worker in pool:
            # Towards the end nothing waits behind a long task.
            enough = depth == 1 or len(waiting) > workers
            if waiting and enough and worker.ready and len(worker.tasks) < depth:
                worker.give(waiting.popleft())


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
