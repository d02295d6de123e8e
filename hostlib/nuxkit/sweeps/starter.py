# SPDX-License-Identifier: BSD-3-Clause
"""Starts worker processes in no time: by forks of a process that has imported all they need.

The starter is a fresh Python without threads, so that forking it is safe whatever the user's
process does. It imports neither the user's script nor any module of it, lives as long as the user's
process, and serves all sweeps of that.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import subprocess
import sys
import threading
import traceback
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

from nuxkit.errors import NuxkitError

#: One thread each for linear algebra: the workers share the cores.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def environment() -> dict[str, str]:
    """Environment of a worker."""
    return {**dict.fromkeys(_THREADS, "1"), **os.environ}


class Starter:
    """The starter, as the user's process sees it."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._pipe, theirs = Pipe()
        with theirs:
            code = f"from nuxkit.sweeps.starter import main; main({theirs.fileno()})"
            # Not multiprocessing: its children import the user's script once more.
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the user's process's affair
                env=environment(),
            )

    @property
    def usable(self) -> bool:
        """Whether it lives and belongs to this process."""
        return self._owner == os.getpid() and self._process.poll() is None

    def start(self) -> tuple[int, Connection]:
        """Start a worker; gives its process number and this end of its pipe."""
        ours, theirs = Pipe()
        with self._lock, theirs:
            try:
                self._pipe.send(("start", 0))
                send_handle(self._pipe, theirs.fileno(), self._process.pid)
                return int(self._pipe.recv()), ours
            except (OSError, EOFError) as error:
                ours.close()
                how = self._process.poll()
                raise NuxkitError(
                    f"worker processes cannot be started: their starter ended with {how}"
                ) from error

    def exit_code(self, process: int, *, wait: bool) -> int | None:
        """Exit code of a worker, that of a signal negative; None if it lives.

        A worker counts as killed (-9) if the starter itself is gone.
        """
        with self._lock:
            try:
                self._pipe.send(("wait" if wait else "poll", process))
                code = self._pipe.recv()
            except (OSError, EOFError):
                return -9
        return None if code is None else int(code)


_current: list[Starter] = []


def starter() -> Starter:
    """Give the starter of this process; makes one if there is none that is usable."""
    if not _current or not _current[0].usable:
        _current[:] = [Starter()]
    return _current[0]


# --- in the starter's own process --------------------------------------------------------


def main(descriptor: int) -> None:
    """Serve until the user's process ends."""
    from nuxkit.sweeps.task import Task, evaluate

    pickle.dumps(evaluate(dict, Task(0, {"x": 0.0})))  # imports what the first point would
    gc.freeze()  # the collector shall not touch, and so copy, shared pages
    pipe = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):
        while True:
            request, process = pipe.recv()
            pipe.send(_start(pipe) if request == "start" else _exit_code(process, request))


def _start(pipe: Connection) -> int:
    handle = recv_handle(pipe)
    process = os.fork()
    if process == 0:
        pipe.close()
        _work(handle)
    os.close(handle)
    return process


def _work(handle: int) -> None:
    """Be a worker; does not return."""
    from nuxkit.sweeps import worker

    code = 1
    try:
        worker.main(handle)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _exit_code(process: int, request: str) -> Any:
    try:
        found, status = os.waitpid(process, 0 if request == "wait" else os.WNOHANG)
    except ChildProcessError:
        return -9
    return os.waitstatus_to_exitcode(status) if found else None
